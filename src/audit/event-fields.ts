import { type Entry, timeText } from './record-text.ts';
import { shortened } from './request-labels.ts';

type FieldKind = 'text' | 'texts' | 'number' | 'time';

/** What can happen that nobody decided by asking, and what is kept of it; docs/decision-log.md has the meaning. */
export const EVENT_FIELDS = {
  first_start: {},
  activated: { org: 'text', source: 'text', from: 'text', to: 'text', by: 'text', reason: 'text', ticket: 'text' },
  state_mismatch: { message: 'text' },
  mark_repaired: { revision: 'text' },
  clock_fell_back: { seen: 'time', verified: 'time' },
  reconfigured: { changed: 'texts' },
  reset: { org: 'text', revision: 'text', governed: 'texts', uid: 'number', pid: 'number' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, FieldKind>>>>;

export type EventName = keyof typeof EVENT_FIELDS;

interface FieldValues {
  readonly text: string | null;
  readonly texts: readonly string[];
  readonly number: number | null;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

type FieldsOf<Name extends EventName> = {
  readonly [Field in keyof (typeof EVENT_FIELDS)[Name]]: FieldValues[(typeof EVENT_FIELDS)[Name][Field] & FieldKind];
};

/** An event as the log takes it. */
export type LoggedEvent = { [Name in EventName]: { readonly event: Name } & FieldsOf<Name> }[EventName];

/** The policy that served when it happened. */
export interface ServingPolicy {
  readonly revision: string;
  readonly generation: number;
}

const MAX_TEXT = 512;
const MAX_TEXTS = 16;

/** The record of an event: bounded, whatever an organisation or a database wrote into it. */
export function eventEntry(event: LoggedEvent, at: number, policy: ServingPolicy): Entry {
  const given: Readonly<Record<string, unknown>> = { ...event };
  const details = Object.entries<FieldKind>(EVENT_FIELDS[event.event]).map(([name, kind]) => [
    name,
    fieldValue(kind, given[name]),
  ]);
  // below a name of its own: an event may tell of another revision than the one that serves
  return {
    at,
    fields: { type: 'event', event: event.event, details: Object.fromEntries(details) as object, ...policy },
  };
}

function fieldValue(kind: FieldKind, value: unknown): unknown {
  if (typeof value === 'string') return shortened(value, MAX_TEXT);
  if (typeof value === 'number') return kind === 'time' ? timeText(value) : value;
  return Array.isArray(value) ? value.slice(0, MAX_TEXTS).map((item) => shortened(String(item), MAX_TEXT)) : null;
}
