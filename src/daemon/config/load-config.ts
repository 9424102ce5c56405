import { dirname, join, resolve } from 'node:path';
import type { Retention } from '../../audit/retention.ts';
import { readTrustedFile } from '../../realpath/trusted-file.ts';
import { CONFIG_FILE_BYTES, type ConfigFile, readConfigFile } from '../../schema/config-file.ts';
import { hasSystemInstall, homeOf, ownSocketLayout, userSocketDirectory } from '../../socket/find-socket.ts';
import { ADMIN_SOCKET, DECIDE_SOCKET, type SocketLayout } from '../../socket/layout.ts';
import { loadPreset } from '../../sources/presets.ts';
import { ConfigError } from './config-error.ts';
import type { DaemonConfig, LogConfig, Service } from './daemon-config.ts';
import { sourceOf } from './load-source.ts';

/** This process, as far as its defaults depend on it. */
export interface Installation {
  readonly uid: number;
  readonly home: string | null;
  readonly layout: SocketLayout;
  /** Whose service it is; absent = root's daemon serves the whole machine, anybody else's only its owner. */
  readonly service?: Service;
}

/** Reads, checks and completes the configuration file; afterwards nothing is missing. Throws a `ConfigError`, or a `PresetError`. */
export function loadConfig(path: string, installation: Installation): DaemonConfig {
  // what is read here is also what the builtin rules protect, and a rule holds no `.` and `..`
  const file = resolve(path);
  const trusted = readTrustedFile(file, ownersOf(installation), CONFIG_FILE_BYTES);
  if (trusted.kind === 'untrusted') throw new ConfigError('config_untrusted', trusted.message);
  const reading = readConfigFile(decoded(file, trusted.bytes));
  if (reading.kind === 'config') return completed(file, reading.config, installation);
  throw new ConfigError('config_invalid', `${file}: ${reading.issues.join('; ')}`);
}

/** This process's own. The system service has a user of its own, and has to be told that it is that. */
export function ownInstallation(service?: Service): Installation {
  const uid = process.geteuid?.() ?? 0;
  const own = { uid, home: homeOf(uid), layout: ownSocketLayout() };
  return service === undefined ? own : { ...own, service };
}

function serviceOf({ service, uid }: Installation): Service {
  return service ?? (uid === 0 ? 'system' : 'user');
}

/** Who may write what the daemon trusts (delivery, "Trusted config"): not the user of a system service. */
function ownersOf(installation: Installation): readonly number[] {
  return serviceOf(installation) === 'system' ? [0] : [0, installation.uid];
}

function decoded(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError('config_invalid', `${file} is not UTF-8`);
  }
}

function completed(file: string, written: ConfigFile, installation: Installation): DaemonConfig {
  const system = serviceOf(installation) === 'system';
  const { source, log } = written;
  const owners = ownersOf(installation);
  return {
    file,
    service: system ? 'system' : 'user',
    ...socketPaths(written, installation, system),
    ...places(written, installation, system),
    source: source === null ? null : sourceOf(source, { file, owners }),
    preset: loadPreset(written.preset),
    localOwners: owners,
    authzenIdentifier: written.authzen.identifier.replace(/\/$/, ''),
    metadataAddresses: written.metadata_addresses,
    nat64Prefixes: written.nat64_prefixes,
    decisionLog: retentionOf(written.decision_log),
    log: logOf(log),
  };
}

function logOf({ level, destination, max_megabytes: megabytes, keep }: ConfigFile['log']): LogConfig {
  if (destination === 'stderr') return { level, file: null };
  return { level, file: destination, rotation: { maxBytes: megabytes * 1024 ** 2, keep } };
}

const DAY_MS = 86_400_000;

function retentionOf(written: ConfigFile['decision_log']): Retention | null {
  if (!written.enabled) return null;
  const { max_age_days: days, max_records: maxRecords, max_megabytes: megabytes } = written;
  return { maxAgeMs: days * DAY_MS, maxRecords, maxBytes: megabytes * 1024 ** 2 };
}

function places(
  { state_directory: state, local_directory: local }: ConfigFile,
  { home }: Installation,
  system: boolean,
): Pick<DaemonConfig, 'stateDirectory' | 'localDirectory'> {
  if (system) return { stateDirectory: state ?? '/var/lib/reeve', localDirectory: local ?? '/etc/reeve/local.d' };
  if (home === null && (state === null || local === null)) {
    throw new ConfigError('no_home', 'this user has no home: set `state_directory` and `local_directory`');
  }
  return {
    stateDirectory: state ?? join(home ?? '/', '.local/state/reeve'),
    localDirectory: local ?? join(home ?? '/', '.config/reeve/local.d'),
  };
}

function socketPaths(
  { sockets: { decide, admin } }: ConfigFile,
  { layout }: Installation,
  system: boolean,
): Pick<DaemonConfig, 'decideSocket' | 'adminSocket'> {
  if (decide !== null) return { decideSocket: decide, adminSocket: admin ?? join(dirname(decide), ADMIN_SOCKET) };
  // A client would ask the system's daemon and never find this one (api, "Which one a client asks").
  if (!system && hasSystemInstall(layout)) {
    const message = 'a system-wide reeve is installed here: use that one, or name other sockets with `sockets.decide`';
    throw new ConfigError('system_install_exists', message);
  }
  const directory = system ? layout.systemDirectory : userSocketDirectory(layout);
  if (directory === null) {
    throw new ConfigError('no_home', 'there is no directory for sockets: name them with `sockets.decide`');
  }
  return { decideSocket: join(directory, DECIDE_SOCKET), adminSocket: admin ?? join(directory, ADMIN_SOCKET) };
}
