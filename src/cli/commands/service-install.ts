import { runCommand } from '../../service/run-command.ts';
import { type InstallPlan, install, planInstall } from '../../service/service.ts';
import { type Command, flag } from '../command.ts';
import { CONFIG_OPTION } from '../daemon-configuration.ts';
import { commandLines, fileLines } from '../service-lines.ts';
import {
  checkInstallable,
  DRY_RUN_OPTION,
  KIND_OPTIONS,
  refuseWithoutRoot,
  servicePlacesOf,
} from '../service-target.ts';

export const serviceInstall: Command = {
  path: ['service', 'install'],
  summary: 'have the daemon started at every boot, or at every log-in of this user',
  description:
    'checks the program and the configuration first: what could not start is not installed. writes the files of the service ' +
    'manager (systemd: a service and two socket units, and for the system service a user of its own; launchd: a property ' +
    'list), then enables and starts it. run again, it does only what is missing; behind an upgrade of Node.js or of ' +
    'reeve it puts in what has changed. exit code: 0, 1 it failed.',
  options: [...KIND_OPTIONS, CONFIG_OPTION, DRY_RUN_OPTION],
  examples: ['sudo reeve service install', 'reeve service install --user', 'reeve service install --dry-run'],
  async run({ output, cwd }, input) {
    const places = servicePlacesOf(cwd, input);
    const dryRun = flag(input, 'dryRun');
    if (!dryRun) refuseWithoutRoot(places);
    await checkInstallable(places);
    const plan = await planInstall(places, runCommand);
    if (!dryRun) await install(plan, runCommand);
    output.result(reportOf(plan, dryRun, LATER[places.kind]), () => [
      ...fileLines(output, plan.files),
      ...commandLines(output, plan.commands),
      closing(plan, { dryRun, later: LATER[places.kind] }),
    ]);
    return 0;
  },
};

/** When a service starts whose manager does not run now. */
const LATER = { system: 'at the next boot', user: 'when this user logs in: no user manager runs now' } as const;

function reportOf({ files, commands, startsNow }: InstallPlan, dryRun: boolean, later: string): object {
  return {
    done: !dryRun,
    files: files.map(({ action, path }) => ({ action, path })),
    commands: commands.map(({ argv, purpose }) => ({ command: argv, purpose })),
    starts: startsNow ? 'now' : later,
  };
}

interface Closing {
  readonly dryRun: boolean;
  readonly later: string;
}

function closing({ files, commands, startsNow }: InstallPlan, { dryRun, later }: Closing): string {
  if (dryRun) {
    const what = 'nothing was done: this is what `reeve service install` would do';
    return startsNow ? what : `${what}; the daemon would start ${later}`;
  }
  if (commands.length === 0 && files.every(({ action }) => action === 'keep'))
    return startsNow ? 'it was installed already, and runs' : `it was installed already: it starts ${later}`;
  return startsNow ? 'installed and started: see `reeve status`' : `installed: it starts ${later}`;
}
