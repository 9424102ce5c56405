import { write } from 'node:fs';
import { closeLogFile, type OpenLog, type Rotation, rotateLogFile } from './log-file.ts';

/** The bound of what waits in memory; lines beyond it are dropped. */
const MAX_QUEUED_BYTES = 1_048_576;
/** A pipe that is full is tried again. */
const RETRY_MS = 50;

/** Where lines go: a descriptor of somebody else's, or a file of our own. */
export type LogPlace =
  | { readonly kind: 'stream'; readonly fd: number }
  | { readonly kind: 'file'; readonly file: OpenLog; readonly rotation: Rotation | null };

/**
 * Lines on their way to a descriptor, written one chunk at a time off the caller's path. What cannot be written is
 * dropped: a full disk or a reader that went away must hold up neither decisions nor the end of the process.
 */
export class LogDestination {
  #place: LogPlace;
  #next: LogPlace | null = null;
  /** In the file, as far as is known. */
  #bytes: number;
  #lines: string[] = [];
  #queuedBytes = 0;
  #writing = false;
  #flushing: (() => void)[] = [];

  constructor(place: LogPlace) {
    this.#place = place;
    this.#bytes = bytesOf(place);
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#queuedBytes + bytes > MAX_QUEUED_BYTES) return;
    this.#lines.push(line);
    this.#queuedBytes += bytes;
    if (!this.#writing) this.#writeNext();
  }

  /** Calls back once everything written so far is out, or was dropped. */
  flush(done: () => void): void {
    if (this.#writing) this.#flushing.push(done);
    else done();
  }

  /** The next lines go there; the file before is closed. */
  redirect(place: LogPlace): void {
    if (this.#next?.kind === 'file') closeLogFile(this.#next.file);
    this.#next = place;
    if (!this.#writing) this.#follow();
  }

  #writeNext(): void {
    this.#follow();
    const chunk = Buffer.from(this.#lines.join(''));
    this.#lines = [];
    this.#queuedBytes = 0;
    this.#writing = chunk.length > 0;
    if (!this.#writing) for (const done of this.#flushing.splice(0)) done();
    else if (this.#hasRoom(chunk.length)) this.#writeOut(chunk);
    else void this.#rotated().then(() => this.#writeOut(chunk));
  }

  #follow(): void {
    const next = this.#next;
    if (next === null) return;
    this.#next = null;
    if (this.#place.kind === 'file') closeLogFile(this.#place.file);
    this.#place = next;
    this.#bytes = bytesOf(next);
  }

  #hasRoom(length: number): boolean {
    const place = this.#place;
    if (place.kind !== 'file' || place.rotation === null || place.file.bytes === null) return true;
    // one chunk is always taken: an empty file is not put aside
    return this.#bytes === 0 || this.#bytes + length <= place.rotation.maxBytes;
  }

  /** Never rejects: where a directory takes no changes, the log goes on in the same file. */
  async #rotated(): Promise<void> {
    const place = this.#place;
    if (place.kind !== 'file' || place.rotation === null) return;
    // tried again after as much more
    this.#bytes = 0;
    try {
      const file = await rotateLogFile(place.file.path, place.rotation.keep);
      closeLogFile(place.file);
      this.#place = { ...place, file };
      this.#bytes = bytesOf(this.#place);
    } catch {
      // there is no other place that could say so
    }
  }

  #writeOut(chunk: Buffer): void {
    const fd = this.#place.kind === 'file' ? this.#place.file.fd : this.#place.fd;
    write(fd, chunk, (error, written) => {
      if (error === null) this.#bytes += written;
      if (error?.code === 'EAGAIN') setTimeout(() => this.#writeOut(chunk), RETRY_MS).unref();
      else if (error === null && written < chunk.length) this.#writeOut(chunk.subarray(written));
      else this.#writeNext();
    });
  }
}

function bytesOf(place: LogPlace): number {
  return place.kind === 'file' ? (place.file.bytes ?? 0) : 0;
}
