import type { ServicePlaces } from '../service/places.ts';
import type { RunCommand } from '../service/run-command.ts';
import { isForeign, type ServiceState, serviceState } from '../service/service.ts';
import type { UnitState } from '../service/systemd.ts';
import { examined, type Finding, found, skipped, type Verdict } from './finding.ts';

/** The service of this machine, and who is asked about it. */
export interface ServiceLook {
  /** Null = there is none for this platform. */
  readonly places: ServicePlaces | null;
  readonly run: RunCommand;
}

export interface ServiceInputs {
  readonly look: ServiceLook;
  /** The configuration that is examined. */
  readonly configFile: string | null;
  /** Whether a daemon answers. */
  readonly answers: boolean;
}

/** Whether the daemon comes back after a reboot and after a crash, as this version would have it. */
export async function checkService({ look, configFile, answers }: ServiceInputs): Promise<Verdict> {
  const { places, run } = look;
  if (places === null) return skipped('there is no service for this user on this platform');
  if (configFile === null) return skipped('without a configuration there is nothing to start');
  // a daemon that somebody runs with files of their own is theirs to start
  if (configFile !== places.config)
    return examined(`the service goes by ${places.config}, and not by this configuration`);
  const state = await serviceState(places, run);
  const own = state.files.some(({ action }) => action !== 'create');
  if (!own && !isForeign(state)) {
    return examined('', [
      found('service_not_installed', `there is no service that starts the daemon with ${startsWith(places)}`),
    ]);
  }
  const findings = [...fileFindings(state), ...state.units.flatMap((unit) => unitFindings(unit, answers))];
  return examined(state.running ? 'installed, and runs' : 'installed', findings);
}

function startsWith({ kind }: ServicePlaces): string {
  return kind === 'system' ? 'this machine' : 'the session of this user';
}

function fileFindings(state: ServiceState): readonly Finding[] {
  const different = isForeign(state)
    ? []
    : state.files.filter(({ action }) => action !== 'keep').map(({ path }) => path);
  const unread = state.units.filter(({ needsReload }) => needsReload).map(({ unit }) => unit);
  return [
    ...(different.length === 0
      ? []
      : [found('service_outdated', `otherwise than this version has it: ${different.join(', ')}`)]),
    ...(unread.length === 0
      ? []
      : [
          found('service_outdated', `changed since systemd read it: ${unread.join(', ')}`, {
            mend: 'systemctl daemon-reload',
          }),
        ]),
  ];
}

function unitFindings({ unit, enabled, active, detail, restarts }: UnitState, answers: boolean): readonly Finding[] {
  const down = active === 'failed' || (active === 'inactive' && !answers);
  return [
    ...(down ? [found('service_down', `${unit} is ${active} (${detail})`)] : []),
    // a unit of a package may be started by another one that is enabled
    ...(enabled === 'disabled' || enabled === 'masked' ? [found('service_disabled', `${unit} is ${enabled}`)] : []),
    ...(restarts > 0
      ? [found('service_restarted', `${unit} was restarted ${restarts} times since it was started`)]
      : []),
  ];
}
