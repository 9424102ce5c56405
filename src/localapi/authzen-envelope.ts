/**
 * The shape of AuthZEN requests (authzen, 1 and 2): required members and their JSON types, nothing about what they
 * mean. Unknown members are ignored at every level; `null` is absence in `context` and `properties` only.
 */
export type Members = Readonly<Record<string, unknown>>;

export interface Evaluation {
  readonly subject: { readonly type: string; readonly id: string; readonly properties: Members };
  readonly action: { readonly name: string; readonly properties: Members };
  readonly resource: { readonly type: string; readonly id: string; readonly properties: Members };
}

/** `fault`: it is no evaluation request, with what is wrong with it. */
export type EnvelopeReading<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'fault'; readonly message: string };

export function fault<T>(message: string): EnvelopeReading<T> {
  return { kind: 'fault', message };
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads one evaluation request whose four members are `members`. */
export function readEvaluation(members: Members): EnvelopeReading<Evaluation> {
  const subject = readEntity(members['subject'], 'subject', ['type', 'id']);
  if (subject.kind === 'fault') return subject;
  const action = readEntity(members['action'], 'action', ['name']);
  if (action.kind === 'fault') return action;
  const resource = readEntity(members['resource'], 'resource', ['type', 'id']);
  if (resource.kind === 'fault') return resource;
  const context = optionalObjectFault(members['context'], 'context');
  if (context !== null) return fault(context);
  return { kind: 'read', value: { subject: subject.value, action: action.value, resource: resource.value } };
}

type Entity<Key extends string> = Readonly<Record<Key, string>> & { readonly properties: Members };

function readEntity<Key extends string>(
  value: unknown,
  name: string,
  keys: readonly Key[],
): EnvelopeReading<Entity<Key>> {
  if (value === undefined) return fault(`\`${name}\` is required`);
  if (!isObject(value)) return fault(`\`${name}\` must be an object`);
  const strings: Partial<Record<Key, string>> = {};
  for (const key of keys) {
    const text = value[key];
    if (text === undefined) return fault(`\`${name}.${key}\` is required`);
    if (typeof text !== 'string') return fault(`\`${name}.${key}\` must be a string`);
    strings[key] = text;
  }
  const propertiesFault = optionalObjectFault(value['properties'], `${name}.properties`);
  if (propertiesFault !== null) return fault(propertiesFault);
  const properties = isObject(value['properties']) ? value['properties'] : {};
  return { kind: 'read', value: { ...(strings as Record<Key, string>), properties } };
}

/** For members of which `null` is absence. */
export function optionalObjectFault(value: unknown, name: string): string | null {
  return value === undefined || value === null || isObject(value) ? null : `\`${name}\` must be an object`;
}
