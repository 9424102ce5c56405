import type { AskedRequest, Labelled } from '../pdp/decision-point.ts';
import {
  type FilesystemAction,
  isAction,
  isFilesystemAction,
  isNetworkAction,
  type NetworkAction,
} from '../policy/action.ts';
import { filesystemRequest, networkRequest, type Request } from '../policy/request.ts';
import { readHost } from '../policy/resource/hostname.ts';
import { readPath } from '../policy/resource/path.ts';
import type { Evaluation } from './authzen-envelope.ts';
import { splitNetworkId } from './authzen-network-id.ts';
import { Properties } from './authzen-properties.ts';

/**
 * An evaluation as the request that the native form gives (authzen, 7). `invalid`: an envelope that is right with
 * content that means nothing to us: `decision: false`, `invalid_request`.
 */
export type NativeReading =
  | ({ readonly kind: 'request' } & AskedRequest)
  | { readonly kind: 'invalid'; readonly reason: string };

interface Fault {
  readonly kind: 'fault';
  readonly message: string;
}

export function toNative(evaluation: Evaluation): NativeReading {
  const faults: string[] = [];
  const request = requestOf(evaluation, faults);
  if (request.kind === 'fault') return { kind: 'invalid', reason: faults[0] ?? request.message };
  const labels = labelsOf(evaluation.subject, faults);
  const [reason] = faults;
  return reason === undefined ? { kind: 'request', request, labels } : { kind: 'invalid', reason };
}

/** Open vocabularies: an unknown word is a question without meaning, never a 400. */
function requestOf({ action, resource }: Evaluation, faults: string[]): Request | Fault {
  const { name } = action;
  if (!isAction(name)) return fault('`action.name` must be one of connect:tcp, connect:udp, read, write');
  switch (resource.type) {
    case 'network':
      return isNetworkAction(name) ? requestOfNetwork(name, resource, faults) : notApplicable(name, resource.type);
    case 'filesystem':
      return isFilesystemAction(name)
        ? requestOfPath(name, { action, resource }, faults)
        : notApplicable(name, resource.type);
    default:
      return fault('`resource.type` must be network or filesystem');
  }
}

function notApplicable(action: string, type: string): Fault {
  return fault(`action \`${action}\` does not apply to ${type}`);
}

function fault(message: string): Fault {
  return { kind: 'fault', message };
}

function requestOfNetwork(
  action: NetworkAction,
  { id, properties }: Evaluation['resource'],
  faults: string[],
): Request | Fault {
  const known = new Properties(properties, 'resource.properties', faults);
  const host = known.read('host', 'string');
  const port = known.read('port', 'integer');
  const ip = known.read('ip', 'strings');
  const parts = splitNetworkId(id);
  if (parts === null) return fault('`resource.id` must be `host:port`, `address:port` or `[IPv6]:port`');
  if (host !== undefined && !isSameHost(host, parts.host)) {
    faults.push('`resource.properties.host` is not the host of `resource.id`');
  }
  if (port !== undefined && parts.port !== null && port !== parts.port) {
    faults.push('`resource.properties.port` is not the port of `resource.id`');
  }
  const asked = parts.port ?? port;
  if (asked === undefined) return fault('neither `resource.id` nor `resource.properties.port` has a port');
  return networkRequest({ action, host: parts.host, ip: ip ?? null, port: asked, uid: null });
}

function isSameHost(repeated: string, host: string): boolean {
  const [a, b] = [readHost(repeated), readHost(host)];
  if (a.kind === 'name' && b.kind === 'name') return a.name === b.name;
  return a.kind === 'address' && b.kind === 'address' && a.address.text === b.address.text;
}

function requestOfPath(
  action: FilesystemAction,
  evaluation: Pick<Evaluation, 'action' | 'resource'>,
  faults: string[],
): Request {
  const { id, properties } = evaluation.resource;
  const known = new Properties(properties, 'resource.properties', faults);
  const repeated = known.read('path', 'string');
  const real = known.read('real', 'string') ?? null;
  const resolved = known.read('resolved', 'boolean') === true;
  // authzen, 7, rule 4: `true` in either place is `true`; both are read, for the faults
  const ofResource = known.read('recursive', 'boolean') === true;
  const ofAction = new Properties(evaluation.action.properties, 'action.properties', faults).read(
    'recursive',
    'boolean',
  );
  if (repeated !== undefined && !isSamePath(repeated, id, resolved)) {
    faults.push('`resource.properties.path` is not the path of `resource.id`');
  }
  return filesystemRequest({ action, path: id, real, resolved, recursive: ofResource || ofAction === true, uid: null });
}

/** While links are not resolved, `..` means nothing in the text: then only the same way to the file is the same path. */
function isSamePath(repeated: string, path: string, resolved: boolean): boolean {
  const [a, b] = [readPath(repeated), readPath(path)];
  if (a.kind === 'invalid' || b.kind === 'invalid') return false;
  return resolved ? a.lexical === b.lexical : a.sent === b.sent;
}

const LABELS = ['sandbox', 'agent', 'user', 'process'] as const;

/** An unknown type sets nothing: it matches no scope. */
function labelsOf({ type, id, properties }: Evaluation['subject'], faults: string[]): Labelled | null {
  const known = new Properties(properties, 'subject.properties', faults);
  let labels: Record<string, unknown> | null = null;
  for (const name of LABELS) {
    const value = known.read(name, 'string');
    if (type === name && value !== undefined && value !== id) {
      faults.push(`\`subject.properties.${name}\` is not \`subject.id\``);
    }
    const held = type === name ? id : value;
    if (held !== undefined) (labels ??= {})[name] = held;
  }
  const others = known.read('labels', 'object');
  if (others !== undefined) (labels ??= {})['labels'] = others;
  return labels;
}
