import { realpath } from 'node:fs/promises';
import type { DecisionLog } from '../../audit/decision-log.ts';
import { shown } from '../../base/shown.ts';
import type { ResetReply } from '../../localapi/daemon-port.ts';
import type { Peer } from '../../pdp/decision-point.ts';
import { isObject } from '../../policy/rule-shape.ts';
import type { AuditEvent } from '../../sources/audit-event.ts';
import type { PolicySupply } from './policy-supply.ts';

/** How long an answer waits for the log to have the entry. */
const NOTED_MS = 2_000;

export interface ResetParts {
  readonly supply: Pick<PolicySupply, 'reset'>;
  readonly decisions: Pick<DecisionLog, 'noted'>;
  /** Whether there was room for it. */
  readonly audit: (event: AuditEvent) => boolean;
  readonly stateDirectory: string;
}

/** `POST /v1/reset`: gives up the organisation and all its policy, and says in the log who asked for that. */
export async function resetDaemon(parts: ResetParts, asked: unknown, { uid, pid }: Peer): Promise<ResetReply> {
  const fault = await faultIn(asked, parts.stateDirectory);
  if (fault !== null) return fault;
  const entry = { kept: true };
  const outcome = await parts.supply.reset((known) => {
    entry.kept = parts.audit({ event: 'reset', ...known, uid, pid });
  });
  if (outcome.kind === 'failed') return outcome;
  const { org, revision, governed, trouble } = outcome;
  const audited = entry.kept && (await parts.decisions.noted(NOTED_MS));
  if (trouble !== null) return { kind: 'failed', code: 'reset_incomplete', message: trouble };
  return { kind: 'done', org, revision, governed, audited };
}

/** The state directory that is meant, where the caller names one: another daemon's must not be taken for it. */
async function faultIn(asked: unknown, own: string): Promise<ResetReply | null> {
  if (!isObject(asked)) return { kind: 'invalid', message: 'a reset is a JSON object' };
  const { state_directory: meant, ...others } = asked;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return { kind: 'invalid', message: `unknown member ${shown(unknown)}` };
  if (meant === undefined) return null;
  if (typeof meant !== 'string') return { kind: 'invalid', message: '`state_directory` must be a path' };
  if (meant === own || meant === (await realPath(own))) return null;
  return { kind: 'elsewhere', message: `this daemon keeps its state in ${shown(own)}` };
}

async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return path;
  }
}
