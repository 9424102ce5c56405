import { shown } from '../base/shown.ts';
import { type FilesystemAction, isAction, isNetworkAction, type NetworkAction } from './action.ts';
import type { CanonicalRequest } from './decision.ts';
import { type Address, readAddress } from './resource/address.ts';
import { type Hostname, readHost } from './resource/hostname.ts';
import { isCanonicalPath, readPath } from './resource/path.ts';

/** The most addresses one request may name (semantics, 2). */
const MAX_ADDRESSES = 64;
/** The largest uid that a kernel hands out; above it a number is no uid. */
const MAX_UID = 0xffff_fffe;

export interface NetworkRequest {
  readonly kind: 'network';
  readonly action: NetworkAction;
  /** The name that will be connected to; null when only addresses were given. */
  readonly name: Hostname | null;
  /** `host` was an address literal: it is the (only) dialled address, and no name. */
  readonly literal: boolean;
  /** The addresses that will be dialled. */
  readonly addresses: readonly Address[];
  readonly port: number;
  /** Whose home `~` means, where the asker said so. */
  readonly uid: number | null;
}

/** The path as it will be opened, links resolved: known, still to be resolved, or not resolvable. */
export type RealPath =
  | { readonly kind: 'real'; readonly real: string }
  | { readonly kind: 'pending' }
  | { readonly kind: 'unresolvable'; readonly reason: string };

export interface FilesystemRequest {
  readonly kind: 'filesystem';
  readonly action: FilesystemAction;
  /** `//`, `.` and `..` resolved in the text. */
  readonly lexical: string;
  /** Only `//` and `.` collapsed: the form that a walk starts from. */
  readonly sent: string;
  readonly real: RealPath;
  readonly recursive: boolean;
  readonly uid: number | null;
}

/** The right shape with a value that means nothing: a decision (deny, `invalid_request`), not an error. */
export interface InvalidRequest {
  readonly kind: 'invalid';
  readonly reason: string;
}

export type Request = NetworkRequest | FilesystemRequest | InvalidRequest;

/** `not_a_request`: wrong shape, type, enum or key; HTTP answers 400 (api, "HTTP/1.1 + JSON"). */
export type RequestReading =
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'not_a_request'; readonly message: string };

type Fields = Readonly<Record<string, unknown>>;

const LABEL_FIELDS = new Set(['sandbox', 'agent', 'user', 'process', 'labels']);
const NETWORK_FIELDS = new Set([...LABEL_FIELDS, 'action', 'host', 'ip', 'port', 'uid']);
const FILESYSTEM_FIELDS = new Set([...LABEL_FIELDS, 'action', 'path', 'real', 'resolved', 'recursive', 'uid']);

/** Reads the native form (semantics, 2). Total: any JSON value gives a reading. */
export function readRequest(value: unknown): RequestReading {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return notARequest('a request is a JSON object');
  }
  const fields = value as Fields;
  const action = fields['action'];
  if (!isAction(action)) {
    return notARequest('`action` must be one of connect:tcp, connect:udp, read, write');
  }
  const network = isNetworkAction(action);
  const fault = fieldFault(fields, network ? NETWORK_FIELDS : FILESYSTEM_FIELDS);
  if (fault !== null) return notARequest(fault);
  return network ? readNetwork(fields, action) : readFilesystem(fields, action);
}

/** The same request with its path resolved. */
export function withReal(request: FilesystemRequest, real: RealPath): FilesystemRequest {
  return { ...request, real };
}

/** `host:port` as a person reads it; an IPv6 address in brackets. */
export function destinationText({ name, addresses, port }: NetworkRequest): string {
  const host = name ?? addresses[0]?.text ?? '';
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What the evaluator saw, for the answer (semantics, 6). */
export function canonicalOf(request: NetworkRequest | FilesystemRequest): CanonicalRequest {
  const uid = request.uid === null ? {} : { uid: request.uid };
  if (request.kind === 'filesystem') {
    return {
      action: request.action,
      path: request.lexical,
      ...(request.real.kind === 'real' ? { real: request.real.real } : {}),
      ...(request.recursive ? { recursive: true } : {}),
      ...uid,
    };
  }
  const ips = request.addresses.map((address) => address.text);
  const host = request.literal ? ips[0] : request.name;
  return {
    action: request.action,
    ...(typeof host === 'string' ? { host } : {}),
    ...(request.literal || ips.length === 0 ? {} : { ip: ips }),
    port: request.port,
    ...uid,
  };
}

function fieldFault(fields: Fields, known: ReadonlySet<string>): string | null {
  for (const key of Object.keys(fields)) {
    if (!known.has(key)) return `unknown field ${shown(key)}`;
    const value = fields[key];
    if (key === 'labels') {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return '`labels` must be an object';
    } else if (LABEL_FIELDS.has(key) && typeof value !== 'string') return `\`${key}\` must be a string`;
  }
  const uid = fields['uid'];
  if (uid !== undefined && !Number.isInteger(uid)) return '`uid` must be an integer';
  return null;
}

function readNetwork(fields: Fields, action: NetworkAction): RequestReading {
  const host = fields['host'] ?? null;
  const ip = fields['ip'] ?? null;
  const port = fields['port'];
  if (host !== null && typeof host !== 'string') return notARequest('`host` must be a string');
  if (ip !== null && !isStringOrStrings(ip)) return notARequest('`ip` must be a string or an array of strings');
  if (!Number.isInteger(port)) return notARequest('`port` must be an integer');
  const uid = readUid(fields);
  if (uid.kind === 'invalid') return invalid(uid.reason);
  if (typeof port !== 'number' || port < 1 || port > 65_535) return invalid('the port must lie within 1–65535');
  const ips = ip === null ? null : typeof ip === 'string' ? [ip] : ip;
  return readDestination({ action, host, ips, port, uid: uid.uid });
}

interface Destination {
  readonly action: NetworkAction;
  readonly host: string | null;
  readonly ips: readonly string[] | null;
  readonly port: number;
  readonly uid: number | null;
}

function readDestination({ action, host, ips, port, uid }: Destination): RequestReading {
  if (host === null && ips === null) return invalid('a network request names a `host`, an `ip` or both');
  if (ips !== null && (ips.length === 0 || ips.length > MAX_ADDRESSES)) {
    return invalid(`\`ip\` must hold 1 to ${MAX_ADDRESSES} addresses`);
  }
  const addresses: Address[] = [];
  for (const text of ips ?? []) {
    const address = readAddress(text);
    if (address === null) return invalid('`ip` must be a four-part decimal IPv4 or an IPv6 address without a zone');
    addresses.push(address);
  }
  const base = { kind: 'network', action, port, uid } as const;
  if (host === null) return request({ ...base, name: null, literal: false, addresses });
  const reading = readHost(host);
  if (reading.kind === 'invalid') return invalid(reading.reason);
  if (reading.kind === 'name') return request({ ...base, name: reading.name, literal: false, addresses });
  // Names 3: a literal counts as an address, and what will be dialled cannot be another one.
  if (addresses.some((address) => address.text !== reading.address.text)) {
    return invalid('`host` is an address and `ip` names another one');
  }
  return request({ ...base, name: null, literal: true, addresses: [reading.address] });
}

function readFilesystem(fields: Fields, action: FilesystemAction): RequestReading {
  const { path, real, resolved, recursive } = fields as Readonly<Partial<Record<string, unknown>>>;
  if (typeof path !== 'string') return notARequest('`path` must be a string');
  if (real !== undefined && typeof real !== 'string') return notARequest('`real` must be a string');
  for (const [name, flag] of [['resolved', resolved] as const, ['recursive', recursive] as const]) {
    if (flag !== undefined && typeof flag !== 'boolean') return notARequest(`\`${name}\` must be true or false`);
  }
  const uid = readUid(fields);
  if (uid.kind === 'invalid') return invalid(uid.reason);
  const reading = readPath(path);
  if (reading.kind === 'invalid') return invalid(reading.reason);
  if (real !== undefined && !isCanonicalPath(real)) {
    return invalid('`real` must be absolute, without `//`, `.`, `..` and a trailing `/`');
  }
  if (resolved === true && real !== undefined && real !== reading.lexical) {
    return invalid('`resolved` says that `real` is `path`, and they differ');
  }
  const opened = real ?? (resolved === true ? reading.lexical : null);
  return request({
    kind: 'filesystem',
    action,
    lexical: reading.lexical,
    sent: reading.sent,
    real: opened === null ? { kind: 'pending' } : { kind: 'real', real: opened },
    recursive: recursive === true,
    uid: uid.uid,
  });
}

function readUid(fields: Fields): { kind: 'uid'; uid: number | null } | InvalidRequest {
  const uid = fields['uid'];
  if (typeof uid !== 'number') return { kind: 'uid', uid: null };
  if (uid < 0 || uid > MAX_UID) return { kind: 'invalid', reason: '`uid` is no user id' };
  return { kind: 'uid', uid };
}

function isStringOrStrings(value: unknown): value is string | readonly string[] {
  return typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
}

function request(value: Request): RequestReading {
  return { kind: 'request', request: value };
}

function invalid(reason: string): RequestReading {
  return { kind: 'request', request: { kind: 'invalid', reason } };
}

function notARequest(message: string): RequestReading {
  return { kind: 'not_a_request', message };
}
