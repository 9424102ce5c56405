import type { Clock } from '../../base/clock.ts';
import type { SupplyFacts } from './policy-messages.ts';

export interface NoticeOptions {
  readonly clock: Clock;
  readonly onFacts: (facts: SupplyFacts) => void;
  /** They could not be read; the next look tries again. */
  readonly onError: (error: unknown) => void;
}

/** Tells what `status` shows of the supply, whenever it has become something else. */
export interface SupplyNotice {
  /** Something may have changed: looks once everything that goes on has come to rest. */
  look(): void;
  /** Looks before the next answer is given. */
  lookNow(): void;
  close(): void;
}

/** For what changes without anybody saying so, such as a directory that cannot be read any more. */
const LOOK_MS = 1_000;

export function startNotice({ clock, onFacts, onError }: NoticeOptions, read: () => SupplyFacts): SupplyNotice {
  let told = '';
  let cancelSoon: (() => void) | null = null;
  const tell = (facts: SupplyFacts): void => {
    const text = JSON.stringify(facts);
    if (text === told) return;
    told = text;
    onFacts(facts);
  };
  const lookNow = (): void => {
    cancelSoon?.();
    cancelSoon = null;
    try {
      tell(read());
    } catch (error) {
      onError(error);
    }
  };
  const arm = (): (() => void) =>
    clock.after(LOOK_MS, () => {
      cancelNext = arm();
      lookNow();
    });
  let cancelNext = arm();
  lookNow();
  return {
    look: () => (cancelSoon ??= clock.after(0, lookNow)),
    lookNow,
    close() {
      cancelNext();
      cancelSoon?.();
    },
  };
}
