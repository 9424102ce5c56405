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
  if (typeof port !== 'number' || !Number.isInteger(port)) return notARequest('`port` must be an integer');
  const uid = (fields['uid'] as number | undefined) ?? null;
  return { kind: 'request', request: networkRequest({ action, host, ip, port, uid }) };
}

/** The members of a network request, each of the type that it must have. */
export interface NetworkFields {
  readonly action: NetworkAction;
  readonly host: string | null;
  readonly ip: string | readonly string[] | null;
  /** An integer, and so is the uid. */
  readonly port: number;
  readonly uid: number | null;
}

const NO_ADDRESSES: readonly Address[] = [];

export function networkRequest({ action, host, ip, port, uid }: NetworkFields): NetworkRequest | InvalidRequest {
  if (!isUid(uid)) return invalid(NO_UID);
  if (port < 1 || port > 65_535) return invalid('the port must lie within 1–65535');
  if (host === null && ip === null) return invalid('a network request names a `host`, an `ip` or both');
  const addresses = ip === null ? NO_ADDRESSES : readAddresses(ip);
  if (typeof addresses === 'string') return invalid(addresses);
  const kind = 'network';
  if (host === null) return { kind, action, name: null, literal: false, addresses, port, uid };
  const reading = readHost(host);
  if (reading.kind === 'invalid') return invalid(reading.reason);
  if (reading.kind === 'name') return { kind, action, name: reading.name, literal: false, addresses, port, uid };
  // Names 3: a literal counts as an address, and what will be dialled cannot be another one.
  if (addresses.some((address) => address.text !== reading.address.text)) {
    return invalid('`host` is an address and `ip` names another one');
  }
  return { kind, action, name: null, literal: true, addresses: [reading.address], port, uid };
}

/** The addresses, or what is wrong with them. */
function readAddresses(ip: string | readonly string[]): readonly Address[] | string {
  const texts = typeof ip === 'string' ? [ip] : ip;
  if (texts.length === 0 || texts.length > MAX_ADDRESSES) return `\`ip\` must hold 1 to ${MAX_ADDRESSES} addresses`;
  const addresses: Address[] = [];
  for (const text of texts) {
    const address = readAddress(text);
    if (address === null) return '`ip` must be a four-part decimal IPv4 or an IPv6 address without a zone';
    addresses.push(address);
  }
  return addresses;
}

function readFilesystem(fields: Fields, action: FilesystemAction): RequestReading {
  const { path, real, resolved, recursive } = fields as Readonly<Partial<Record<string, unknown>>>;
  if (typeof path !== 'string') return notARequest('`path` must be a string');
  if (real !== undefined && typeof real !== 'string') return notARequest('`real` must be a string');
  for (const [name, flag] of [['resolved', resolved] as const, ['recursive', recursive] as const]) {
    if (flag !== undefined && typeof flag !== 'boolean') return notARequest(`\`${name}\` must be true or false`);
  }
  const uid = (fields['uid'] as number | undefined) ?? null;
  const asked = { action, path, real: real ?? null, resolved: resolved === true, recursive: recursive === true, uid };
  return { kind: 'request', request: filesystemRequest(asked) };
}

/** The members of a filesystem request, each of the type that it must have. */
export interface FilesystemFields {
  readonly action: FilesystemAction;
  readonly path: string;
  readonly real: string | null;
  readonly resolved: boolean;
  readonly recursive: boolean;
  /** An integer. */
  readonly uid: number | null;
}

export function filesystemRequest(fields: FilesystemFields): FilesystemRequest | InvalidRequest {
  const { action, path, real, resolved, recursive, uid } = fields;
  if (!isUid(uid)) return invalid(NO_UID);
  const reading = readPath(path);
  if (reading.kind === 'invalid') return invalid(reading.reason);
  const { lexical, sent } = reading;
  // most are sent as they are opened: what was read once is not read again
  if (real !== null && real !== lexical && !isCanonicalPath(real)) {
    return invalid('`real` must be absolute, without `//`, `.`, `..` and a trailing `/`');
  }
  if (resolved && real !== null && real !== lexical) {
    return invalid('`resolved` says that `real` is `path`, and they differ');
  }
  const opened = real ?? (resolved ? lexical : null);
  const where: RealPath = opened === null ? PENDING : { kind: 'real', real: opened };
  return { kind: 'filesystem', action, lexical, sent, real: where, recursive, uid };
}

const PENDING: RealPath = { kind: 'pending' };
const NO_UID = '`uid` is no user id';

function isUid(uid: number | null): boolean {
  return uid === null || (uid >= 0 && uid <= MAX_UID);
}

function isStringOrStrings(value: unknown): value is string | readonly string[] {
  return typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
}

function invalid(reason: string): InvalidRequest {
  return { kind: 'invalid', reason };
}

function notARequest(message: string): RequestReading {
  return { kind: 'not_a_request', message };
}
