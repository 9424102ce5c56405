import { join } from 'node:path';
import { ADMIN_SOCKET, DECIDE_SOCKET, type SocketLayout } from '../socket/layout.ts';
import { ServiceError } from './service-error.ts';

/** system: for everybody on the machine; user: for its owner alone. */
export type ServiceKind = 'system' | 'user';
export type ServiceManager = 'systemd' | 'launchd';

/** Whom the system service runs as under systemd. */
export const SERVICE_USER = 'reeve';
/** What launchd knows it by. */
export const LAUNCHD_LABEL = 'dev.reeve.daemon';

/** Where a package of the distribution puts reeve; it brings its own units, in the place that is for packages. */
export const PACKAGE_HOME = '/usr/lib/reeve';

/** The program that is to be started: its words, and the package that it belongs to. */
export interface InstalledProgram {
  readonly words: readonly string[];
  readonly packageDirectory: string;
}

/** Everything that differs from one machine to another; service files are filled in from here and nowhere else. */
export interface ServicePlaces {
  readonly kind: ServiceKind;
  readonly manager: ServiceManager;
  readonly program: InstalledProgram;
  readonly config: string;
  readonly user: string;
  readonly state: string;
  /** Where the system service may write log files; null = anywhere. */
  readonly logs: string | null;
  /** What a service manager without a journal writes standard error to. */
  readonly errorLog: string;
  readonly decideSocket: string;
  readonly adminSocket: string;
  /** Where the service manager reads from. */
  readonly unitDirectory: string;
  /** Where systemd is told of the user; null = there is none to make. */
  readonly sysusersFile: string | null;
  /** The files belong to a package of the distribution: they are not for us to remove. */
  readonly packaged: boolean;
}

/** Whose service, on what machine. */
export interface ServiceOwner {
  readonly kind: ServiceKind;
  readonly platform: NodeJS.Platform;
  readonly home: string | null;
  readonly layout: SocketLayout;
}

export function servicePlaces(owner: ServiceOwner, program: InstalledProgram, config: string | null): ServicePlaces {
  const { kind, platform } = owner;
  if (platform !== 'linux' && platform !== 'darwin') {
    const message = `there is no service for ${platform}: start \`reeve daemon\` yourself`;
    throw new ServiceError('unsupported_platform', message);
  }
  return kind === 'system' ? systemPlaces(owner, program, config) : userPlaces(owner, program, config);
}

function systemPlaces(
  { platform, layout }: ServiceOwner,
  program: InstalledProgram,
  config: string | null,
): ServicePlaces {
  const mac = platform === 'darwin';
  const defaultConfig = join(layout.systemConfigDirectory, 'reeve.yaml');
  const packaged = program.packageDirectory === PACKAGE_HOME && (config ?? defaultConfig) === defaultConfig;
  return {
    kind: 'system',
    manager: mac ? 'launchd' : 'systemd',
    program,
    config: config ?? defaultConfig,
    user: mac ? 'root' : SERVICE_USER,
    state: '/var/lib/reeve',
    logs: mac ? null : '/var/log/reeve',
    errorLog: '/var/log/reeve.log',
    ...socketsIn(layout.systemDirectory),
    unitDirectory: mac ? '/Library/LaunchDaemons' : `${packaged ? '/usr/lib' : '/etc'}/systemd/system`,
    sysusersFile: mac ? null : `${packaged ? '/usr/lib' : '/etc'}/sysusers.d/reeve.conf`,
    packaged,
  };
}

function userPlaces(owner: ServiceOwner, program: InstalledProgram, config: string | null): ServicePlaces {
  const { platform, home, layout } = owner;
  const { userRuntimeDirectory, userStateDirectory } = layout;
  const sockets = userRuntimeDirectory === null ? userStateDirectory : join(userRuntimeDirectory, 'reeve');
  if (home === null || sockets === null) {
    throw new ServiceError('no_home', 'this user has no home in the user database: there is no place for a service');
  }
  const mac = platform === 'darwin';
  return {
    kind: 'user',
    manager: mac ? 'launchd' : 'systemd',
    program,
    config: config ?? join(home, '.config/reeve/reeve.yaml'),
    user: '',
    state: join(home, '.local/state/reeve'),
    logs: null,
    errorLog: join(home, 'Library/Logs/reeve.log'),
    ...socketsIn(sockets),
    unitDirectory: mac ? join(home, 'Library/LaunchAgents') : join(home, '.config/systemd/user'),
    sysusersFile: null,
    packaged: false,
  };
}

function socketsIn(directory: string): Pick<ServicePlaces, 'decideSocket' | 'adminSocket'> {
  return { decideSocket: join(directory, DECIDE_SOCKET), adminSocket: join(directory, ADMIN_SOCKET) };
}
