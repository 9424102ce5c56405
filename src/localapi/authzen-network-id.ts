export interface NetworkId {
  /** As written, brackets included. */
  readonly host: string;
  readonly port: number | null;
}

/**
 * Splits `host:port`, `a.b.c.d:port`, `[v6]:port` or a host alone (authzen, 7). Two or more colons without brackets are
 * an IPv6 address without a port, so that its last group is never taken for one. null = it is none of these.
 */
export function splitNetworkId(id: string): NetworkId | null {
  const colon = id.indexOf(':');
  const bracketed = id.startsWith('[');
  const cut = bracketed ? id.indexOf(']') + 1 : colon;
  const oneColon = colon !== -1 && id.indexOf(':', colon + 1) === -1;
  if (bracketed ? cut === 0 : !oneColon) return bracketed ? null : { host: id, port: null };
  const host = id.slice(0, cut);
  const rest = id.slice(cut);
  if (rest === '') return { host, port: null };
  // one spelling a port: no sign, no leading zero; the range is the evaluator's to judge
  if (!/^:(?:0|[1-9]\d{0,5})$/.test(rest)) return null;
  return { host, port: Number(rest.slice(1)) };
}
