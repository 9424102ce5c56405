import { eventEntry, type LoggedEvent } from './event-fields.ts';
import { LogWriter } from './log-writer.ts';
import { DEFAULT_RETENTION } from './retention.ts';

/**
 * Writes one event into a log that no daemon has open, with the `start` and `stop` of this process around it. Throws
 * what the disk or the database says; a log that is damaged is moved aside first, as a daemon does.
 */
export function noteEvent(path: string, event: LoggedEvent, now: number): void {
  const writer = new LogWriter({ path, retention: DEFAULT_RETENTION });
  const entry = eventEntry(event, now, { revision: 'none', generation: 0 });
  try {
    writer.write({ page: new ArrayBuffer(0), count: 0, gap: null, events: [entry], at: now });
  } finally {
    writer.close(now);
  }
}
