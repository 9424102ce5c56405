import type { Worker } from 'node:worker_threads';
import type { Clock } from '../../base/clock.ts';
import type { SnapshotHolder } from '../../pdp/snapshot-holder.ts';
import type { AuditEvent } from '../../sources/audit-event.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';
import type { Logger } from '../logger.ts';
import type { SupplyFacts } from './policy-messages.ts';

export interface PolicySupplyOptions {
  readonly config: DaemonConfig;
  readonly log: Logger;
  readonly clock: Clock;
  readonly holder: SnapshotHolder;
  /** Something happened to the policy that is to be remembered. Must not throw. */
  readonly audit?: (event: AuditEvent) => void;
  /** What `status` shows has changed. */
  readonly onFacts?: (facts: SupplyFacts) => void;
  /** A home that was known could not be read: whoever asks next for that user finds it anew. */
  readonly onHomeLost?: (uid: number) => void;
  /** What the thread runs; a test hands in one that breaks. */
  readonly entry?: URL;
  /** How long another thread may take until it serves; two minutes where absent. */
  readonly startMs?: number;
  /** The first thread, where it is loading already. */
  readonly loading?: Worker;
}
