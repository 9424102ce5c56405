import { ALLOW_CODE, type JudgedRequest, supportOn } from './answer.ts';
import { destinationText, type FilesystemRequest, type NetworkRequest } from './request.ts';
import { partsOf } from './rule-parts.ts';
import type { Snapshot } from './snapshot.ts';
import type { Cause, Match } from './verdict.ts';

/**
 * Answers as JSON, put together from texts that are ready: what `JSON.stringify` makes of the answer, character for
 * character, at a fraction of its cost. The forms that nearly every answer has; null = it has another one.
 */
export function allowedText(snapshot: Snapshot, request: JudgedRequest, grant: Match): string {
  const code = ALLOW_CODE[grant.layer.origin];
  const head = `{"decision":"allow","kind":"explicit","code":"${code}","reason":"`;
  return request.kind === 'network'
    ? `${head}${request.action} to ${destinationText(request)}${partsOf(grant).json}${networkTail(snapshot, request)}`
    : filesystemText(snapshot, request, { head, rest: partsOf(grant).json, isAllow: true });
}

/** A denial that is one in monitor mode too. */
export function deniedText(snapshot: Snapshot, request: JudgedRequest, cause: Cause): string | null {
  const text = plainDenial(snapshot, request, cause);
  const support = text === null ? null : supportOn(snapshot, request.kind, cause.code);
  return text === null || support === null
    ? text
    : `${text.slice(0, -1)},"support_message":"${insideString(support)}"}`;
}

function plainDenial(snapshot: Snapshot, request: JudgedRequest, { code, match, reason }: Cause): string | null {
  if (code === 'default_deny') {
    const head = '{"decision":"deny","kind":"implicit","code":"default_deny","reason":"';
    return request.kind === 'network'
      ? `${head}${reason}"${networkTail(snapshot, request)}`
      : `${head}${insideString(reason)}"${filesystemTail(snapshot, request, { path: insideString(request.lexical), isAllow: false })}`;
  }
  if (match === null || reason !== '') return null;
  const head = `{"decision":"deny","kind":"explicit","code":"${code}","reason":"`;
  if (request.kind === 'network') {
    return `${head}${request.action} to ${destinationText(request)}${partsOf(match).json}${networkTail(snapshot, request)}`;
  }
  if (request.recursive) return null;
  return filesystemText(snapshot, request, { head, rest: partsOf(match).json, isAllow: false });
}

/** Names, addresses and ports are canonical: nothing in them needs an escape. */
function networkTail(snapshot: Snapshot, request: NetworkRequest): string {
  const { action, name, literal, addresses, port, uid } = request;
  const host = literal ? addresses[0]?.text : name;
  const hostText = typeof host === 'string' ? `,"host":"${host}"` : '';
  const ipText =
    literal || addresses.length === 0 ? '' : `,"ip":["${addresses.map((address) => address.text).join('","')}"]`;
  const ipChecked = name === null || addresses.length > 0;
  return `${identityText(snapshot)}{"action":"${action}"${hostText}${ipText},"port":${port}${uidText(uid)}},"ip_checked":${ipChecked},"ttl_ms":${snapshot.ttlMs}}`;
}

/** `head` ends, and `rest` goes on, inside the string of the reason. */
function filesystemText(
  snapshot: Snapshot,
  request: FilesystemRequest,
  { head, rest, isAllow }: { readonly head: string; readonly rest: string; readonly isAllow: boolean },
): string {
  const path = insideString(request.lexical);
  const below = request.recursive ? 'everything below ' : '';
  return `${head}${request.action} of ${below}${path}${rest}${filesystemTail(snapshot, request, { path, isAllow })}`;
}

function filesystemTail(
  snapshot: Snapshot,
  { action, lexical, real, recursive, uid }: FilesystemRequest,
  { path, isAllow }: { readonly path: string; readonly isAllow: boolean },
): string {
  const opened = real.kind !== 'real' ? null : real.real === lexical ? path : insideString(real.real);
  const realText = opened === null ? '' : `,"real":"${opened}"`;
  const resolved = opened === null || !isAllow ? '' : `,"resolved_path":"${opened}"`;
  return `${identityText(snapshot)}{"action":"${action}","path":"${path}"${realText}${recursive ? ',"recursive":true' : ''}${uidText(uid)}}${resolved},"ttl_ms":0}`;
}

let told: { readonly snapshot: Snapshot; readonly text: string } | null = null;

/** The members before the request's: the same in all answers of a snapshot, so the last one is kept. */
function identityText(snapshot: Snapshot): string {
  if (told?.snapshot !== snapshot) {
    const { revision } = snapshot.policy;
    const text = `,"revision":"${insideString(revision)}","generation":${snapshot.generation},"request":`;
    told = { snapshot, text };
  }
  return told.text;
}

function uidText(uid: number | null): string {
  return uid === null ? '' : `,"uid":${uid}`;
}

/** Anything else than printable ASCII without `"` and `\`. */
const UNUSUAL = /[^ !#-[\]-~]/;

/** The text as it stands inside a JSON string. */
function insideString(text: string): string {
  return UNUSUAL.test(text) ? JSON.stringify(text).slice(1, -1) : text;
}
