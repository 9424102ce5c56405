import { runCommand } from '../../service/run-command.ts';
import { isForeign, type ServiceState, serviceState } from '../../service/service.ts';
import type { UnitState } from '../../service/systemd.ts';
import type { Command } from '../command.ts';
import type { Output } from '../output.ts';
import { governingKind, KIND_OPTIONS, servicePlacesOf } from '../service-target.ts';

export const serviceStatus: Command = {
  path: ['service', 'status'],
  summary: 'show whether the service is installed and runs',
  description:
    'what the service manager says; `reeve status` shows what the daemon itself says. exit code: 0 installed as this ' +
    'version has it and running, 1 anything else. without an option it is the service that answers this user.',
  options: KIND_OPTIONS,
  examples: ['reeve service status', 'reeve service status --user --json'],
  async run({ output, cwd }, input) {
    const places = servicePlacesOf(cwd, input, governingKind());
    const state = await serviceState(places, runCommand);
    const installed = installation(state);
    output.result(reportOf(places.kind, state), () => [
      ...output.pairs([
        ['service', `${places.kind}, ${places.manager}`],
        ['installed', INSTALLATION_TEXT[installed]],
        ['runs', runsText(state)],
        ['configuration', places.config],
      ]),
      ...(state.units.length === 0 ? [] : ['', ...unitLines(output, state.units)]),
    ]);
    return state.running && (installed === 'current' || installed === 'package') ? 0 : 1;
  },
};

type Installation = 'absent' | 'package' | 'outdated' | 'current';

const INSTALLATION_TEXT: Readonly<Record<Installation, string>> = {
  absent: 'no: `reeve service install`',
  package: 'yes, by a package of the distribution',
  outdated: 'yes, otherwise than this version would: `reeve service install` again',
  current: 'yes',
};

function installation(state: ServiceState): Installation {
  if (isForeign(state)) return 'package';
  if (state.files.every(({ action }) => action === 'create')) return 'absent';
  return state.files.every(({ action }) => action === 'keep') ? 'current' : 'outdated';
}

function runsText({ running, units }: ServiceState): string {
  const service = units.find(({ unit }) => unit.endsWith('.service'));
  if (service === undefined) return running ? 'yes' : 'no';
  const says = service.statusText === '' ? '' : `: ${service.statusText}`;
  return `${running ? 'yes' : `no, ${service.active} (${service.detail})`}${says}`;
}

function unitLines(output: Output, units: readonly UnitState[]): readonly string[] {
  const rows = units.map(({ unit, enabled, active, detail, pid, restarts, file }) => [
    unit,
    enabled === '' ? '-' : enabled,
    `${active} (${detail})`,
    pid === null ? '-' : String(pid),
    String(restarts),
    file === '' ? '-' : file,
  ]);
  return output.table(['UNIT', 'BOOT', 'STATE', 'PID', 'RESTARTS', 'FILE'], rows);
}

function reportOf(kind: string, state: ServiceState): object {
  return {
    service: kind,
    installed: installation(state),
    running: state.running,
    files: state.files.map(({ path, action }) => ({ path, action })),
    units: state.units.map((unit) => ({
      unit: unit.unit,
      enabled: unit.enabled,
      active: unit.active,
      detail: unit.detail,
      pid: unit.pid,
      status: unit.statusText,
      restarts: unit.restarts,
      file: unit.file,
    })),
  };
}
