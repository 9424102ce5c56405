/** ISO 8601 in UTC, as in everything that reeve shows. */
export function timeText(at: number): string {
  return new Date(at).toISOString();
}

/** How every record begins; `verify` holds the columns of a row against it. */
export function recordHead(id: number, at: number): string {
  return `{"id":${id},"at":"${timeText(at)}",`;
}

/** What follows the head: the rest of a record, before anybody knows its place. */
export interface Entry {
  readonly at: number;
  readonly fields: Readonly<Record<string, unknown>> & { readonly type: RecordType };
}

/**
 * `begin`: the first of a file. `start`, `stop`: a daemon opened or closed the log; a start without a stop before it
 * means that the last quarter of a second may be missing. `gap`: decisions that were not kept. `event`: what happened to
 * the policy of this machine.
 */
export type RecordType = 'begin' | 'start' | 'stop' | 'decision' | 'gap' | 'event';

export function recordText(id: number, { at, fields }: Entry): string {
  return recordHead(id, at) + JSON.stringify(fields).slice(1);
}
