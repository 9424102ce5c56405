import type { SourceStatus } from '../../sources/source.ts';
import { standingOf } from './source-standing.ts';
import type { StalenessStatus } from './status-age.ts';
import type { WarningSeverity } from './warning-catalogue.ts';

/** How things are, in a word: the worst that holds. */
export type DaemonState =
  /** There is nothing to decide by. */
  | 'not_ready'
  /** A domain is closed: everything in it is denied, whatever the rules say. */
  | 'blocked'
  /** The policy is so old that it has begun to lose trust. */
  | 'stale'
  /** The policy serves, and its source cannot be asked. */
  | 'offline'
  /** The policy serves, its source answers, and what it offers is incomplete, not believed or not usable here. */
  | 'not_accepted'
  /** It works, and something beside it does not. */
  | 'degraded'
  | 'healthy';

export interface StateInputs {
  readonly ready: boolean;
  readonly domains: Readonly<Record<string, { readonly closed: object | null }>>;
  readonly staleness: StalenessStatus['state'];
  readonly source: SourceStatus | null;
  readonly warnings: readonly { readonly severity: WarningSeverity }[];
}

export function stateOf({ ready, domains, staleness, source, warnings }: StateInputs): DaemonState {
  if (!ready) return 'not_ready';
  if (Object.values(domains).some(({ closed }) => closed !== null)) return 'blocked';
  if (staleness !== 'fresh') return 'stale';
  const standing = standingOf(source);
  if (standing === 'unreachable') return 'offline';
  if (standing === 'not_accepted') return 'not_accepted';
  return warnings.some(({ severity }) => severity === 'fault') ? 'degraded' : 'healthy';
}
