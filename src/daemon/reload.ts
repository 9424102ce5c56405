import type { DecisionLog } from '../audit/decision-log.ts';
import { DEFAULT_RETENTION } from '../audit/retention.ts';
import { CodedError, messageOf } from '../base/coded-error.ts';
import type { AuditEvent } from '../sources/audit-event.ts';
import { configChange } from './config/config-change.ts';
import type { ConfigReading } from './config/config-reader.ts';
import type { DaemonConfig } from './config/daemon-config.ts';
import type { DaemonLogger, PreparedLog } from './logger.ts';
import type { PolicySupply } from './policy/policy-supply.ts';

export interface ReloadParts {
  readonly supply: Pick<PolicySupply, 'config' | 'change'>;
  readonly log: DaemonLogger;
  readonly decisions: Pick<DecisionLog, 'retain'>;
  readonly audit: (event: AuditEvent) => unknown;
  /** The file as it is now. Never rejects. */
  readonly read: () => Promise<ConfigReading>;
}

export type ReloadOutcome =
  /** `changed`: the settings that are different now. */
  | { readonly kind: 'reloaded'; readonly changed: readonly string[] }
  /** Everything is as it was. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** Takes up the configuration file anew, all or nothing; the last refusal stays known until one succeeds. */
export class Reloading {
  readonly #parts: ReloadParts;
  #refusal: string | null = null;
  #running: Promise<ReloadOutcome> | null = null;
  #next: Promise<ReloadOutcome> | null = null;

  constructor(parts: ReloadParts) {
    this.#parts = parts;
  }

  /** Why what serves is not what the file says; null = it is. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /** Never rejects. What is asked for during a reload is one more, behind it: the file may have changed since. */
  reload(): Promise<ReloadOutcome> {
    if (this.#running === null) return this.#begin();
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      return this.#begin();
    });
    return this.#next;
  }

  #begin(): Promise<ReloadOutcome> {
    this.#running = this.#once().finally(() => (this.#running = null));
    return this.#running;
  }

  async #once(): Promise<ReloadOutcome> {
    const outcome = await reloadOnce(this.#parts);
    const { log, audit } = this.#parts;
    if (outcome.kind === 'reloaded') {
      this.#refusal = null;
      const { changed } = outcome;
      if (changed.length > 0) audit({ event: 'reconfigured', changed });
      log.info({ changed }, 'the configuration was read again');
    } else {
      const { code, message } = outcome;
      this.#refusal = message;
      log.warn({ code, reason: message }, 'the configuration was not taken up; what was there before serves on');
    }
    return outcome;
  }
}

/** All that can fail comes first; then nothing but assignments. */
async function reloadOnce({ supply, log, decisions, read }: ReloadParts): Promise<ReloadOutcome> {
  const reading = await read();
  if (reading.kind === 'refused') return reading;
  const { config } = reading;
  const change = configChange(supply.config, config);
  if (change.kind === 'refused') return { kind: 'refused', code: 'restart_needed', message: change.message };
  const prepared = await preparedLog(log, config);
  if (prepared.kind === 'refused') return prepared;
  const outcome = await supply.change(config, change.policy);
  if (outcome.kind === 'failed') {
    prepared.log.discard();
    return { ...outcome, kind: 'refused' };
  }
  prepared.log.use();
  decisions.retain(config.decisionLog ?? DEFAULT_RETENTION);
  return { kind: 'reloaded', changed: change.settings };
}

type Preparing = { readonly kind: 'ready'; readonly log: PreparedLog } | Extract<ReloadOutcome, { kind: 'refused' }>;

async function preparedLog(log: DaemonLogger, config: DaemonConfig): Promise<Preparing> {
  try {
    return { kind: 'ready', log: await log.prepare(config.log) };
  } catch (error) {
    const code = error instanceof CodedError ? String(error.code) : 'internal';
    return { kind: 'refused', code, message: messageOf(error) };
  }
}
