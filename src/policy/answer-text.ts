import { ALLOW_CODE, describe, type JudgedRequest, supportOn } from './answer.ts';
import type { FilesystemRequest, NetworkRequest } from './request.ts';
import { partsOf } from './rule-parts.ts';
import type { Snapshot } from './snapshot.ts';
import type { Cause, Match } from './verdict.ts';

/**
 * Answers as JSON, put together from texts that are ready: what `JSON.stringify` makes of the answer, character for
 * character, at a fraction of its cost. The forms that nearly every answer has; null = it has another one.
 */
export function allowedText(snapshot: Snapshot, request: JudgedRequest, grant: Match): string {
  const code = ALLOW_CODE[grant.layer.origin];
  const head = `{"decision":"allow","kind":"explicit","code":"${code}","reason":"${insideString(describe(request))}`;
  return `${head}${partsOf(grant).json}${sharedText(snapshot, request)}${tailText(snapshot, request, true)}`;
}

/** A denial that is one in monitor mode too. */
export function deniedText(snapshot: Snapshot, request: JudgedRequest, cause: Cause): string | null {
  const { code, match, reason } = cause;
  if (supportOn(snapshot, request.kind, code) !== null) return null;
  const shared = `${sharedText(snapshot, request)}${tailText(snapshot, request, false)}`;
  if (code === 'default_deny') {
    const head = '{"decision":"deny","kind":"implicit","code":"default_deny","reason":"';
    return `${head}${insideString(reason)}"${shared}`;
  }
  const meetsSubtree = request.kind === 'filesystem' && request.recursive;
  if (match === null || reason !== '' || meetsSubtree) return null;
  const head = `{"decision":"deny","kind":"explicit","code":"${code}","reason":"${insideString(describe(request))}`;
  return `${head}${partsOf(match).json}${shared}`;
}

function sharedText({ policy, generation }: Snapshot, request: JudgedRequest): string {
  const asked = request.kind === 'network' ? networkText(request) : filesystemText(request);
  return `,"revision":"${insideString(policy.revision)}","generation":${generation},"request":${asked}`;
}

function tailText({ ttlMs }: Snapshot, request: JudgedRequest, isAllow: boolean): string {
  if (request.kind === 'network') {
    return `,"ip_checked":${request.name === null || request.addresses.length > 0},"ttl_ms":${ttlMs}}`;
  }
  const { real } = request;
  return isAllow && real.kind === 'real' ? `,"resolved_path":"${insideString(real.real)}","ttl_ms":0}` : ',"ttl_ms":0}';
}

function networkText({ action, name, literal, addresses, port, uid }: NetworkRequest): string {
  // names and addresses are canonical: nothing in them needs an escape
  const host = literal ? addresses[0]?.text : name;
  const hostText = typeof host === 'string' ? `,"host":"${host}"` : '';
  const ipText =
    literal || addresses.length === 0 ? '' : `,"ip":["${addresses.map((address) => address.text).join('","')}"]`;
  return `{"action":"${action}"${hostText}${ipText},"port":${port}${uidText(uid)}}`;
}

function filesystemText({ action, lexical, real, recursive, uid }: FilesystemRequest): string {
  const realText = real.kind === 'real' ? `,"real":"${insideString(real.real)}"` : '';
  const more = recursive ? ',"recursive":true' : '';
  return `{"action":"${action}","path":"${insideString(lexical)}"${realText}${more}${uidText(uid)}}`;
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
