import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { shown } from '../base/shown.ts';
import { type FileStep, planFiles, presentFiles, removePath, writeFiles } from './file-plan.ts';
import { launchdInstall, launchdUninstall, lookAtLaunchd } from './launchd.ts';
import { SERVICE_USER, type ServicePlaces } from './places.ts';
import type { RunCommand } from './run-command.ts';
import { lookAtAccount, refuseForeignAccount } from './service-account.ts';
import { ServiceError } from './service-error.ts';
import { serviceFiles } from './service-files.ts';
import {
  lookAtSystemd,
  makingUser,
  type ServiceCommand,
  systemdInstall,
  systemdUninstall,
  type UnitState,
} from './systemd.ts';

/** What an installation comes to on this machine, as it is now. Nothing to do: all files are kept, and no command is left. */
export interface InstallPlan {
  readonly files: readonly FileStep[];
  readonly commands: readonly ServiceCommand[];
  /** False = it starts at the next boot; a user's own at the next log-in. */
  readonly startsNow: boolean;
}

export interface UninstallPlan {
  readonly before: readonly ServiceCommand[];
  /** Files and directories that belong to the installation alone. */
  readonly remove: readonly string[];
  readonly after: readonly ServiceCommand[];
  /** What was learned while it ran; removed only by somebody who says so. */
  readonly state: readonly string[];
  /** Behind the state: its owner. */
  readonly forget: readonly ServiceCommand[];
}

export async function planInstall(places: ServicePlaces, run: RunCommand): Promise<InstallPlan> {
  const files = planFiles(serviceFiles(places));
  const changed = files.filter(({ action }) => action !== 'keep').map(({ path }) => path);
  if (places.manager === 'launchd') {
    const { loaded } = await lookAtLaunchd(places, run);
    return { files, commands: launchdInstall(places, loaded, changed.length > 0), startsNow: true };
  }
  const user = await makingServiceUser(places, run);
  const state = await lookAtSystemd(places, run);
  return { files, commands: [...user, ...systemdInstall(places, state, changed)], startsNow: state.running };
}

async function makingServiceUser(places: ServicePlaces, run: RunCommand): Promise<readonly ServiceCommand[]> {
  if (places.kind !== 'system') return [];
  const account = await lookAtAccount(run);
  refuseForeignAccount(account);
  return makingUser(places, account);
}

/** Writes the files, then has the service manager take them up. Throws a `ServiceError` at the first step that fails. */
export async function install({ files, commands }: InstallPlan, run: RunCommand): Promise<void> {
  writeFiles(files);
  await runAll(commands, run);
}

export async function planUninstall(places: ServicePlaces, run: RunCommand): Promise<UninstallPlan> {
  const present = places.packaged ? [] : presentFiles(serviceFiles(places));
  const state = [places.state, ...(places.logs === null ? [] : [places.logs])].filter((path) => existsSync(path));
  if (places.manager === 'launchd') {
    const before = present.length === 0 ? [] : launchdUninstall(places);
    return { before, remove: present, after: [], state, forget: [] };
  }
  // `RuntimeDirectoryPreserve=yes` leaves it there
  const runtime = dirname(places.decideSocket);
  const remove = [...present, ...(existsSync(runtime) ? [runtime] : [])];
  if (present.length === 0 && !places.packaged) {
    return { before: [], remove, after: [], state, forget: state.length === 0 ? [] : await userOf(places, run) };
  }
  const { before, after } = systemdUninstall(places, await lookAtSystemd(places, run));
  return { before, remove, after, state, forget: await userOf(places, run) };
}

/** Stops the service and removes what was installed; the state stays. */
export async function uninstall({ before, remove, after }: UninstallPlan, run: RunCommand): Promise<void> {
  await runAll(before, run);
  for (const path of remove) removePath(path);
  await runAll(after, run);
}

/** What uninstalling has left: the state, and the user that it belonged to. */
export async function removeState({ state, forget }: UninstallPlan, run: RunCommand): Promise<void> {
  for (const path of state) removePath(path);
  await runAll(forget, run);
}

/** Never somebody else's account, and not that of a package of the distribution, which stays. */
async function userOf({ kind, packaged }: ServicePlaces, run: RunCommand): Promise<readonly ServiceCommand[]> {
  if (kind !== 'system' || packaged || (await lookAtAccount(run)).kind !== 'service') return [];
  return [{ argv: ['userdel', SERVICE_USER], purpose: 'remove the user that the service ran as', optional: true }];
}

async function runAll(commands: readonly ServiceCommand[], run: RunCommand): Promise<void> {
  for (const { argv, optional } of commands) {
    const { code, stderr } = await run(argv);
    if (code === 0 || optional === true) continue;
    const [said = ''] = stderr.trim().split('\n');
    const message = `${shown(argv.join(' '))} failed: ${said === '' ? 'it says nothing' : said}; run it yourself to see more, then this again`;
    throw new ServiceError('command_failed', message);
  }
}

/** How an installation is doing. */
export interface ServiceState {
  readonly files: readonly FileStep[];
  /** Empty under launchd, and where systemd does not run. */
  readonly units: readonly UnitState[];
  /** Decided by the service manager: it has it, and it runs. */
  readonly running: boolean;
}

export async function serviceState(places: ServicePlaces, run: RunCommand): Promise<ServiceState> {
  const files = planFiles(serviceFiles(places));
  if (places.manager === 'launchd') {
    const { loaded } = await lookAtLaunchd(places, run);
    return { files, units: [], running: loaded };
  }
  const { units } = await lookAtSystemd(places, run);
  return { files, units, running: units.length > 0 && units.every(({ active }) => active === 'active') };
}

/** Whether whatever the service manager has comes from somewhere else, such as the Debian package. */
export function isForeign({ files, units }: Pick<ServiceState, 'files' | 'units'>): boolean {
  const own = new Set(files.map(({ path }) => path));
  return units.some(({ file }) => file !== '' && !own.has(file));
}
