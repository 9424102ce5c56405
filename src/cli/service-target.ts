import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { DaemonConfig } from '../daemon/config/daemon-config.ts';
import { ownProgram, refuseUnsafeProgram } from '../service/installed-program.ts';
import { type ServiceKind, type ServicePlaces, servicePlaces } from '../service/places.ts';
import { ServiceError } from '../service/service-error.ts';
import { hasSystemInstall, homeOf, ownSocketLayout } from '../socket/find-socket.ts';
import { CliError } from './cli-error.ts';
import { type CommandInput, flag, type OptionSpec, textOption } from './command.ts';

export const KIND_OPTIONS: readonly OptionSpec[] = [
  { flags: '--system', description: 'the service of the whole machine (the default for root)' },
  { flags: '--user', description: 'this user’s own service (the default for anybody else)' },
];

export const DRY_RUN_OPTION: OptionSpec = {
  flags: '--dry-run',
  description: 'show what would be done, and do nothing',
};

/** Whose service a command line means, and where all that belongs to it is; `fallback` where it does not say. */
export function servicePlacesOf(cwd: string, input: CommandInput, fallback: ServiceKind = 'user'): ServicePlaces {
  const uid = process.geteuid?.() ?? -1;
  const kind = kindOf(input, uid) ?? fallback;
  const config = textOption(input, 'config');
  const absolute = config === undefined || config.startsWith('/') ? (config ?? null) : `${cwd}/${config}`;
  const owner = { kind, platform: process.platform, home: homeOf(uid), layout: ownSocketLayout() };
  return servicePlaces(owner, ownProgram(), absolute);
}

/** The one that governs this user: a system install leaves no room for another (api, "Which one a client asks"). */
export function governingKind(): ServiceKind {
  return hasSystemInstall(ownSocketLayout()) ? 'system' : 'user';
}

function kindOf(input: CommandInput, uid: number): ServiceKind | null {
  if (flag(input, 'system') && flag(input, 'user'))
    throw new CliError('usage', '`--system` and `--user` exclude each other');
  if (uid === 0 && flag(input, 'user')) {
    throw new CliError('usage', 'root’s service is the system’s', 'run it as the user whose service is meant');
  }
  if (flag(input, 'system') || uid === 0) return 'system';
  return flag(input, 'user') ? 'user' : null;
}

/** Only root changes what the machine starts. */
export function refuseWithoutRoot({ kind }: ServicePlaces): void {
  if (kind === 'user' || process.geteuid?.() === 0) return;
  throw new CliError('failed', 'the system service is for root', 'use sudo, or say `--user` for a service of your own');
}

/** A service that cannot start is not installed. Throws what is wrong with its program or its configuration. */
export async function checkInstallable(places: ServicePlaces): Promise<void> {
  const { kind } = places;
  const uid = process.geteuid?.() ?? 0;
  refuseUnsafeProgram(places.program, kind === 'system' ? [0] : [0, uid]);
  if (!existsSync(places.config)) {
    const hint = '`reeve init` writes one; another one is named with --config FILE';
    throw new CliError('failed', `there is no configuration at \`${places.config}\``, hint);
  }
  const { loadConfig, ownInstallation } = await import('../daemon/config/load-config.ts');
  const fault = misplaced(loadConfig(places.config, ownInstallation(kind)), places);
  if (fault !== null) throw new ServiceError('unusable_configuration', `${places.config}: ${fault}`);
}

/** The service manager makes the directories and hands over the sockets: these are not for the configuration to choose. */
function misplaced(config: DaemonConfig, places: ServicePlaces): string | null {
  const { manager, state, logs } = places;
  if (manager === 'systemd' && !hasDefaultSockets(config, places)) {
    return 'the service listens where its socket units say: remove `sockets`';
  }
  if (logs === null) return null;
  if (config.stateDirectory !== state) return `the service can write to ${state} only: remove \`state_directory\``;
  const { file } = config.log;
  if (file === null || file.startsWith(`${logs}/`)) return null;
  return `the service can write log files to ${logs} only: see \`log.destination\``;
}

/** A user who has not logged in has no runtime directory yet, and the default is another one until then. */
function hasDefaultSockets({ decideSocket, adminSocket }: DaemonConfig, places: ServicePlaces): boolean {
  const { userStateDirectory } = ownSocketLayout();
  const own = [places.decideSocket, places.adminSocket];
  const later = own.map((path) => join(userStateDirectory ?? '/', basename(path)));
  const configured = `${decideSocket} ${adminSocket}`;
  return configured === own.join(' ') || (places.kind === 'user' && configured === later.join(' '));
}
