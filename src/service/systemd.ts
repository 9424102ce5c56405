import type { ServicePlaces } from './places.ts';
import type { RunCommand } from './run-command.ts';
import type { ServiceAccount } from './service-account.ts';
import { SERVICE_UNIT, SOCKET_UNITS, UNITS } from './service-files.ts';

/** One command that changes something. */
export interface ServiceCommand {
  readonly argv: readonly string[];
  /** In a few words, for a person. */
  readonly purpose: string;
  /** Whether its failure may be passed over: what it undoes need not be there. */
  readonly optional?: true;
}

/** One unit as systemd knows it. */
export interface UnitState {
  readonly unit: string;
  /** `enabled`, `disabled`, `masked`, or empty where there is no file. */
  readonly enabled: string;
  /** `active`, `inactive`, `failed`, `activating` … */
  readonly active: string;
  readonly detail: string;
  readonly pid: number | null;
  /** What the daemon last said of itself. */
  readonly statusText: string;
  readonly restarts: number;
  /** The file that counts; a unit of the distribution's own package may stand in for ours. */
  readonly file: string;
  readonly needsReload: boolean;
}

export interface SystemdState {
  /** False in an image that is being built, or a container: then units are enabled for the next boot. */
  readonly running: boolean;
  readonly units: readonly UnitState[];
}

const PROPERTIES = [
  ...['Id', 'UnitFileState', 'ActiveState', 'SubState', 'MainPID', 'StatusText', 'NRestarts', 'FragmentPath'],
  'NeedDaemonReload',
];

export function systemctl({ kind }: Pick<ServicePlaces, 'kind'>, ...words: readonly string[]): readonly string[] {
  return ['systemctl', ...(kind === 'user' ? ['--user'] : []), ...words];
}

export async function lookAtSystemd(places: ServicePlaces, run: RunCommand): Promise<SystemdState> {
  const { code, stdout } = await run(systemctl(places, 'show', `--property=${PROPERTIES.join(',')}`, ...UNITS));
  if (code !== 0) return { running: false, units: [] };
  return { running: true, units: stdout.split(/\n\n+/).flatMap(unitState) };
}

function unitState(block: string): readonly UnitState[] {
  const values = new Map(block.split('\n').map((line) => splitOnce(line)));
  const valueOf = (name: string): string => values.get(name) ?? '';
  const unit = valueOf('Id');
  if (unit === '') return [];
  const pid = Number(valueOf('MainPID'));
  return [
    {
      unit,
      enabled: valueOf('UnitFileState'),
      active: valueOf('ActiveState'),
      detail: valueOf('SubState'),
      pid: pid > 0 ? pid : null,
      statusText: valueOf('StatusText'),
      restarts: Number(valueOf('NRestarts')) || 0,
      file: valueOf('FragmentPath'),
      needsReload: valueOf('NeedDaemonReload') === 'yes',
    },
  ];
}

function splitOnce(line: string): readonly [string, string] {
  const at = line.indexOf('=');
  return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}

/** What makes systemd do as the files say; `changed`: which of them are new or different. Empty = it does already. */
export function systemdInstall(
  places: ServicePlaces,
  state: SystemdState,
  changed: readonly string[],
): readonly ServiceCommand[] {
  return [
    ...(state.running && (changed.length > 0 || state.units.some(({ needsReload }) => needsReload))
      ? [{ argv: systemctl(places, 'daemon-reload'), purpose: 'have systemd read the units' }]
      : []),
    ...enabling(places, state),
    ...starting(places, state, changed),
  ];
}

/** Also for a package of the distribution: whoever removed the user did not remove the package. */
export function makingUser({ sysusersFile }: ServicePlaces, account: ServiceAccount): readonly ServiceCommand[] {
  if (sysusersFile === null || account.kind !== 'missing') return [];
  return [{ argv: ['systemd-sysusers', sysusersFile], purpose: 'make the user that the service runs as' }];
}

function enabling(places: ServicePlaces, { units }: SystemdState): readonly ServiceCommand[] {
  const enabled = units.filter((unit) => unit.enabled === 'enabled').map(({ unit }) => unit);
  const missing = UNITS.filter((unit) => !enabled.includes(unit));
  if (missing.length === 0) return [];
  return [
    {
      argv: systemctl(places, 'enable', ...missing),
      purpose: places.kind === 'user' ? 'start it at every log-in' : 'start it at every boot',
    },
  ];
}

function starting(
  places: ServicePlaces,
  { running, units }: SystemdState,
  changed: readonly string[],
): readonly ServiceCommand[] {
  if (!running) return [];
  const active = units.filter((unit) => unit.active === 'active').map(({ unit }) => unit);
  const start = [
    // what has failed too often is not started again before somebody says so
    ...(units.some((unit) => unit.active === 'failed')
      ? [{ argv: systemctl(places, 'reset-failed', ...UNITS), purpose: 'forget how it failed' }]
      : []),
    { argv: systemctl(places, 'start', ...UNITS), purpose: 'start it' },
  ];
  const socketsChanged = SOCKET_UNITS.some((unit) => changed.some((path) => path.endsWith(`/${unit}`)));
  if (active.length > 0 && socketsChanged) {
    // a socket cannot be made anew under a service that has it
    return [{ argv: systemctl(places, 'stop', ...UNITS), purpose: 'stop the old one' }, ...start];
  }
  if (active.length < UNITS.length) return start;
  if (changed.length === 0) return [];
  return [{ argv: systemctl(places, 'restart', SERVICE_UNIT), purpose: 'start it again, with what has changed' }];
}

/** Before the files go, and after. */
export function systemdUninstall(
  places: ServicePlaces,
  { running }: SystemdState,
): {
  readonly before: readonly ServiceCommand[];
  readonly after: readonly ServiceCommand[];
} {
  const words = running ? ['disable', '--now'] : ['disable'];
  return {
    before: [
      { argv: systemctl(places, ...words, ...UNITS), purpose: 'stop it, and start it at no boot', optional: true },
    ],
    after: running
      ? [
          { argv: systemctl(places, 'daemon-reload'), purpose: 'have systemd forget the units' },
          { argv: systemctl(places, 'reset-failed', ...UNITS), purpose: 'forget how it ended', optional: true },
        ]
      : [],
  };
}
