import { isAction, isFilesystemAction, isNetworkAction } from '../policy/action.ts';
import { readHost } from '../policy/resource/hostname.ts';
import { readPath } from '../policy/resource/path.ts';
import type { Evaluation, Members } from './authzen-envelope.ts';
import { splitNetworkId } from './authzen-network-id.ts';
import { Properties } from './authzen-properties.ts';

/**
 * An evaluation as a native request (authzen, 7). `invalid`: an envelope that is right with content that means nothing
 * to us: `decision: false`, `invalid_request`.
 */
export type NativeReading =
  | { readonly kind: 'native'; readonly request: Members }
  | { readonly kind: 'invalid'; readonly reason: string };

export function toNative(evaluation: Evaluation): NativeReading {
  const mismatch = vocabularyFault(evaluation);
  if (mismatch !== null) return { kind: 'invalid', reason: mismatch };
  const faults: string[] = [];
  const { action, resource, subject } = evaluation;
  const fields = resource.type === 'network' ? networkFields(evaluation, faults) : pathFields(evaluation, faults);
  const request = { action: action.name, ...fields, ...subjectFields(subject, faults) };
  const [first] = faults;
  return first === undefined ? { kind: 'native', request } : { kind: 'invalid', reason: first };
}

/** Open vocabularies: an unknown word is a question without meaning, never a 400. */
function vocabularyFault({ action, resource }: Evaluation): string | null {
  if (!isAction(action.name)) return '`action.name` must be one of connect:tcp, connect:udp, read, write';
  if (resource.type !== 'network' && resource.type !== 'filesystem') {
    return '`resource.type` must be network or filesystem';
  }
  const applies = resource.type === 'network' ? isNetworkAction(action.name) : isFilesystemAction(action.name);
  return applies ? null : `action \`${action.name}\` does not apply to ${resource.type}`;
}

function networkFields({ resource }: Evaluation, faults: string[]): Members {
  const properties = new Properties(resource.properties, 'resource.properties', faults);
  const host = properties.read('host', 'string');
  const port = properties.read('port', 'integer');
  const ip = properties.read('ip', 'strings');
  const parts = splitNetworkId(resource.id);
  if (parts === null) {
    faults.push('`resource.id` must be `host:port`, `address:port` or `[IPv6]:port`');
    return {};
  }
  if (host !== undefined && !isSameHost(host, parts.host)) {
    faults.push('`resource.properties.host` is not the host of `resource.id`');
  }
  if (port !== undefined && parts.port !== null && port !== parts.port) {
    faults.push('`resource.properties.port` is not the port of `resource.id`');
  }
  const asked = parts.port ?? port;
  if (asked === undefined) faults.push('neither `resource.id` nor `resource.properties.port` has a port');
  return { host: parts.host, port: asked, ...(ip === undefined ? {} : { ip }) };
}

function isSameHost(repeated: string, host: string): boolean {
  const [a, b] = [readHost(repeated), readHost(host)];
  if (a.kind === 'name' && b.kind === 'name') return a.name === b.name;
  return a.kind === 'address' && b.kind === 'address' && a.address.text === b.address.text;
}

function pathFields({ action, resource }: Evaluation, faults: string[]): Members {
  const properties = new Properties(resource.properties, 'resource.properties', faults);
  const path = properties.read('path', 'string');
  const real = properties.read('real', 'string');
  const resolved = properties.read('resolved', 'boolean');
  const recursive = properties.read('recursive', 'boolean');
  const asAction = new Properties(action.properties, 'action.properties', faults).read('recursive', 'boolean');
  if (path !== undefined && !isSamePath(path, resource.id, resolved === true)) {
    faults.push('`resource.properties.path` is not the path of `resource.id`');
  }
  return {
    path: resource.id,
    ...(real === undefined ? {} : { real }),
    ...(resolved === undefined ? {} : { resolved }),
    // authzen, 7, rule 4: `true` in either place is `true`
    ...(recursive === true || asAction === true ? { recursive: true } : {}),
  };
}

/** While links are not resolved, `..` means nothing in the text: then only the same way to the file is the same path. */
function isSamePath(repeated: string, path: string, resolved: boolean): boolean {
  const [a, b] = [readPath(repeated), readPath(path)];
  if (a.kind === 'invalid' || b.kind === 'invalid') return false;
  return resolved ? a.lexical === b.lexical : a.sent === b.sent;
}

/** An unknown type sets nothing: it matches no scope. */
function subjectFields({ type, id, properties }: Evaluation['subject'], faults: string[]): Members {
  const known = new Properties(properties, 'subject.properties', faults);
  const fields: Record<string, unknown> = {};
  for (const name of ['sandbox', 'agent', 'user', 'process']) {
    const value = known.read(name, 'string');
    if (type === name && value !== undefined && value !== id) {
      faults.push(`\`subject.properties.${name}\` is not \`subject.id\``);
    }
    const held = type === name ? id : value;
    if (held !== undefined) fields[name] = held;
  }
  const labels = known.read('labels', 'object');
  return labels === undefined ? fields : { ...fields, labels };
}
