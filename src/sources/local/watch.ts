import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/coded-error.ts';
import { Settle } from '../settle.ts';
import { DirectoryEvents } from './directory-events.ts';
import type { LocalLayer } from './local-layer.ts';
import { LocalScanner, type ScannerOptions } from './scanner.ts';
import { wayInHome } from './way-in-home.ts';

const SETTLE_MS = 100;
const SETTLE_MAX_MS = 1_000;
const RESCAN_MS = 30_000;

export interface LocalWatchOptions extends ScannerOptions {
  readonly clock: Clock;
  /** Called after each scan whose outcome differs from the one before; never during `watchLocalFiles` itself. Must not throw. */
  readonly onChange: (layer: LocalLayer) => void;
  /** Quiet time after the last event before a scan. */
  readonly settleMs?: number;
  /** The longest that a stream of events can put a scan off. */
  readonly settleMaxMs?: number;
  /** A scan without any event: not every filesystem tells. */
  readonly rescanMs?: number;
}

export interface LocalWatch {
  current(): LocalLayer;
  /** Scans now; resolves with the outcome. */
  rescan(): Promise<LocalLayer>;
  close(): Promise<void>;
}

/** Reads a directory of local override files once, then watches it (delivery, "Local override files"). */
export async function watchLocalFiles(options: LocalWatchOptions): Promise<LocalWatch> {
  const scanner = new LocalScanner(options);
  await scanner.restore();
  return new DirectoryWatch(options, scanner, await scanner.scan());
}

class DirectoryWatch implements LocalWatch {
  readonly #options: LocalWatchOptions;
  readonly #scanner: LocalScanner;
  readonly #events: DirectoryEvents;
  #layer: LocalLayer;
  #running: Promise<LocalLayer>;
  readonly #settle: Settle;
  #cancelRescan: (() => void) | null = null;
  #closed = false;

  constructor(options: LocalWatchOptions, scanner: LocalScanner, layer: LocalLayer) {
    this.#options = options;
    this.#scanner = scanner;
    this.#layer = layer;
    const { clock, settleMs = SETTLE_MS, settleMaxMs = SETTLE_MAX_MS } = options;
    this.#settle = new Settle({ clock, settleMs, settleMaxMs }, () => void this.rescan());
    this.#events = new DirectoryEvents(options.directory, () => this.#settle.event());
    this.#running = this.#follow().then(() => layer);
    this.#planRescan();
  }

  current(): LocalLayer {
    return this.#layer;
  }

  rescan(): Promise<LocalLayer> {
    // one scan at a time, and one that starts after the call: a running one may have passed the file already
    this.#running = this.#running
      .then(() => (this.#closed ? this.#layer : this.#scan()))
      .catch((error: unknown) => this.#failed(error));
    return this.#running;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#settle.close();
    this.#cancelRescan?.();
    await this.#events.close();
    await this.#running;
    await this.#scanner.close();
  }

  async #scan(): Promise<LocalLayer> {
    await this.#follow();
    const layer = await this.#scanner.scan();
    const changed = fingerprint(layer) !== fingerprint(this.#layer);
    this.#layer = layer;
    if (changed && !this.#closed) {
      // a write that comes while the watcher takes up a new name tells nobody
      this.#planRescan(this.#options.settleMaxMs ?? SETTLE_MAX_MS);
      this.#options.onChange(layer);
    }
    return layer;
  }

  async #follow(): Promise<void> {
    await this.#events.follow(await watchable(this.#options));
  }

  /** What served serves on, and the next scan tries again: nobody waits for this one, so it must not reject. */
  #failed(error: unknown): LocalLayer {
    const { directory } = this.#options;
    return (this.#layer = {
      ...this.#layer,
      warnings: [`${directory} could not be looked through: ${messageOf(error)}`],
    });
  }

  #planRescan(wait = this.#options.rescanMs ?? RESCAN_MS): void {
    this.#cancelRescan?.();
    this.#cancelRescan = this.#options.clock.after(wait, () => {
      this.#planRescan();
      void this.rescan();
    });
  }
}

/** What is watched; null where a user leads elsewhere: what the daemon does not read there it does not listen to either. */
async function watchable({ directory, home, trustedOwners }: ScannerOptions): Promise<string | null> {
  if (home === null) return directory;
  try {
    const way = await wayInHome({ directory, home, trustedOwners });
    if (way.kind === 'closed') return null;
    await way.close();
    return way.real;
  } catch {
    // it may be made any moment
    return directory;
  }
}

/** Everything that a new generation could differ in, without the rules: their digest stands for them. */
function fingerprint(layer: LocalLayer): string {
  const allowsInert = layer.inputs.map((input) => [input.name, input.allowsInert ?? null, input.broken ?? null]);
  return JSON.stringify([layer.listing, layer.warnings, allowsInert]);
}
