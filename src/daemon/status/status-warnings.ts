import type { DecisionLogState } from '../../audit/decision-log.ts';
import { shown } from '../../base/shown.ts';
import type { BundleTerms, StalenessLimits } from '../../policy/bundle-terms.ts';
import type { Staleness } from '../../policy/policy-set.ts';
import type { MountTrees } from '../../realpath/mount-trees.ts';
import type { SourceStatus } from '../../sources/source.ts';
import type { PolicyReport } from '../policy/policy-messages.ts';
import { agingRemedy } from './source-standing.ts';
import { WARNINGS, type WarningCode, type WarningSeverity } from './warning-catalogue.ts';

/** One thing that somebody should look at; the code is stable, the message is for a person. */
export interface StatusWarning {
  readonly code: WarningCode;
  readonly message: string;
  /** Where this case needs another one than the catalogue's. */
  readonly remedy?: string;
}

/** The same as `status` shows it: with how much it matters, and what to do. */
export interface ListedWarning extends Required<StatusWarning> {
  readonly severity: WarningSeverity;
  readonly remedy: string;
}

export function listed({ code, message, remedy }: StatusWarning): ListedWarning {
  const entry = WARNINGS[code];
  return { code, severity: entry.severity, message, remedy: remedy ?? entry.remedy };
}

export function credentialsWarnings(peerCredentials: string): readonly StatusWarning[] {
  if (peerCredentials === 'available') return [];
  return [
    { code: 'peer_credentials', message: `it is not known who asks, socket modes alone decide: ${peerCredentials}` },
  ];
}

export function troubleWarnings(trouble: string | null): readonly StatusWarning[] {
  if (trouble === null) return [];
  const message = `no policy is made at the moment, and the last one serves: ${trouble}; it is tried again`;
  return [{ code: 'policy_thread_lost', message }];
}

export function reloadWarnings(refusal: string | null): readonly StatusWarning[] {
  if (refusal === null) return [];
  return [{ code: 'config_not_reloaded', message: `the configuration file was not taken up: ${refusal}` }];
}

/**
 * What systemd hides from each service with mounts of its own, and what our unit has it hide (docs/service.md). Requests
 * there are denied like all others below such a mount; nobody has to do anything about it.
 */
const HIDDEN_FROM_THE_SERVICE: ReadonlySet<string> = new Set([
  ...['/run/credentials', '/run/systemd/incoming'],
  ...['/proc/kmsg', '/dev/kmsg', '/usr/lib/modules', '/lib/modules'],
]);

export function mountWarnings(mounts: MountTrees): readonly StatusWarning[] {
  if (mounts.kind === 'unknown') return [{ code: 'mounts_unknown', message: `${mounts.reason}: its own count` }];
  const [first, ...others] = mounts.differ.filter((point) => !HIDDEN_FROM_THE_SERVICE.has(point));
  if (first === undefined) return [];
  const where = others.length === 0 ? shown(first) : `${shown(first)} and ${others.length} more`;
  return [
    { code: 'mounts_differ', message: `below ${where} the daemon sees other files than the rest of the machine` },
  ];
}

export function logWarnings(state: DecisionLogState | null): readonly StatusWarning[] {
  if (state === null || state.lastError === null) return [];
  const { message, at } = state.lastError;
  if (state.failing) return [{ code: 'decision_log', message: `decisions are made, and cannot be kept: ${message}` }];
  const since = new Date(at).toISOString();
  return [{ code: 'decision_log_was_failing', message: `the decision log works again; at ${since}: ${message}` }];
}

/** What each step of the ladder costs (delivery, "Staleness"). */
const STALENESS_COSTS: Readonly<Record<Staleness, string | null>> = {
  fresh: null,
  warn: 'it serves as before, and loses trust as it gets older',
  restrict: 'delegation, monitor mode and local allows beside them are off',
  block: 'the governed domains are closed',
};

export interface AgingPolicy {
  readonly limits: StalenessLimits;
  readonly source: SourceStatus | null;
}

export function stalenessWarnings(state: Staleness, { limits, source }: AgingPolicy): readonly StatusWarning[] {
  const cost = STALENESS_COSTS[state];
  if (cost === null || state === 'fresh') return [];
  const after = { warn: limits.warnAfterMs, restrict: limits.restrictAfterMs, block: limits.blockAfterMs }[state];
  const message = `nothing has confirmed the policy for ${durationText(after)}: ${cost}`;
  const remedy = agingRemedy(source);
  return [{ code: 'policy_aging', message, ...(remedy === null ? {} : { remedy }) }];
}

export function shadowWarnings(terms: BundleTerms | null): readonly StatusWarning[] {
  if (terms?.shadow !== true) return [];
  const message = 'the bundle carries a next one to try beside it, and this version does not evaluate it';
  return [{ code: 'shadow_not_evaluated', message }];
}

export function policyWarnings({ warnings, warningCount }: PolicyReport): readonly StatusWarning[] {
  const left = warningCount - warnings.length;
  if (left <= 0) return warnings;
  const more: StatusWarning = {
    code: 'more_warnings',
    message: `${left} more: see \`reeve rules ls --include-inactive\``,
  };
  return [...warnings, more];
}

/** `30 days`, `12 hours`, `90 s`. */
function durationText(ms: number): string {
  for (const [unit, length] of [
    ['days', 86_400_000],
    ['hours', 3_600_000],
  ] as const) {
    if (ms >= length && ms % length === 0) return `${ms / length} ${ms === length ? unit.slice(0, -1) : unit}`;
  }
  return `${Math.round(ms / 1000)} s`;
}
