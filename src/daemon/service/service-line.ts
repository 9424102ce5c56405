import type { Clock } from '../../base/clock.ts';
import type { CompiledPolicy, Snapshot } from '../../policy/snapshot.ts';
import type { Part } from '../lifecycle.ts';
import type { ServiceNotifier } from './service-notify.ts';

export interface ServiceLineInputs {
  readonly snapshot: Snapshot | null;
  /** null = this machine belongs to none. */
  readonly organisation: string | null;
  readonly preset: string;
  /** Why no policy is made at the moment; null = they are. */
  readonly trouble: string | null;
}

/** What `systemctl status` shows: whose policy answers, how old it is, and what is closed. */
export function serviceLine({ snapshot, organisation, preset, trouble }: ServiceLineInputs): string {
  if (snapshot === null) return 'starting';
  const { policy, generation } = snapshot;
  const whose =
    organisation === null
      ? `answers by the preset ${preset} and local files, generation ${generation}`
      : `answers for ${organisation}, revision ${policy.revision}, generation ${generation}, ${policy.staleness}`;
  return [whose, ...closed(policy), ...(trouble === null ? [] : [`no new policy: ${trouble}`])].join('; ');
}

function closed(policy: CompiledPolicy): readonly string[] {
  const forAll = policy.closures.filter(({ uid }) => uid === null);
  return [...new Set(forAll.map(({ domain, code }) => `denies all of ${domain} (${code})`))];
}

const LOOK_MS = 1_000;

interface ServiceLineParts {
  readonly clock: Clock;
  readonly notifier: ServiceNotifier;
}

/** Keeps the line current; the service manager hears of it when it has changed. */
export function startServiceLine({ clock, notifier }: ServiceLineParts, line: () => string): Part {
  const arm = (): (() => void) =>
    clock.after(LOOK_MS, () => {
      cancel = arm();
      notifier.status(line());
    });
  notifier.status(line());
  let cancel = arm();
  return { close: () => cancel() };
}
