interface RequestTarget {
  /** As sent: neither decoded nor resolved. */
  readonly path: string;
  /** Without the question mark; empty if there is none. */
  readonly query: string;
}

/**
 * Splits a request target (RFC 9112, 3.2). The authority of the absolute form is ignored. Never `new URL`: it would
 * resolve `..` and so route a request that was not sent.
 */
export function readTarget(target: string): RequestTarget {
  const origin = /^https?:\/\/[^/?#]*/i.exec(target);
  const rest = origin === null ? target : target.slice(origin[0].length);
  const [beforeFragment = ''] = rest.split('#', 1);
  const mark = beforeFragment.indexOf('?');
  if (mark === -1) return { path: beforeFragment === '' ? '/' : beforeFragment, query: '' };
  return { path: beforeFragment.slice(0, mark) || '/', query: beforeFragment.slice(mark + 1) };
}
