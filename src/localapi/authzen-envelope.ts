/**
 * The shape of AuthZEN requests (authzen, 1 and 2): required members and their JSON types, nothing about what they
 * mean. Unknown members are ignored at every level; `null` is absence in `context` and `properties` only.
 */
export type Members = Readonly<Record<string, unknown>>;

/** `properties` that are `null` are absent, as those that are not there. */
interface Entity {
  readonly properties?: Members | null;
}

export interface Evaluation {
  readonly subject: Entity & { readonly type: string; readonly id: string };
  readonly action: Entity & { readonly name: string };
  readonly resource: Entity & { readonly type: string; readonly id: string };
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

const TYPE_AND_ID = ['type', 'id'] as const;
const NAME = ['name'] as const;

/** Reads one evaluation request whose four members are `members`: they are given back as they are. */
export function readEvaluation(members: Members): EnvelopeReading<Evaluation> {
  const message =
    entityFault(members['subject'], 'subject', TYPE_AND_ID) ??
    entityFault(members['action'], 'action', NAME) ??
    entityFault(members['resource'], 'resource', TYPE_AND_ID) ??
    optionalObjectFault(members['context'], 'context');
  // every member that the type names was looked at
  return message === null ? { kind: 'read', value: members as unknown as Evaluation } : fault(message);
}

function entityFault(value: unknown, name: string, keys: readonly string[]): string | null {
  if (value === undefined) return `\`${name}\` is required`;
  if (!isObject(value)) return `\`${name}\` must be an object`;
  for (const key of keys) {
    const text = value[key];
    if (typeof text === 'string') continue;
    return `\`${name}.${key}\` ${text === undefined ? 'is required' : 'must be a string'}`;
  }
  const properties = value['properties'];
  if (properties === undefined || properties === null || isObject(properties)) return null;
  return `\`${name}.properties\` must be an object`;
}

/** For members of which `null` is absence. */
export function optionalObjectFault(value: unknown, name: string): string | null {
  return value === undefined || value === null || isObject(value) ? null : `\`${name}\` must be an object`;
}
