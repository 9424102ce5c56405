/** Where one installation of reeve keeps what nobody may touch through an agent (semantics, 4.6). Absolute paths, or patterns of such. */
export interface ProtectedPaths {
  /** Files and directories that must not be written: configuration, state, sockets, program and unit files. */
  readonly written: readonly string[];
  /** Credential and private-key files, which must not even be read. */
  readonly read: readonly string[];
}

/** Where systemd reads units and their drop-ins from; one in any of these places changes what is started. */
const UNIT_DIRECTORIES = [
  '/etc/systemd/system',
  '/etc/systemd/user',
  '/run/systemd/system',
  '/run/systemd/user',
  '/usr/local/lib/systemd/system',
  '/usr/local/lib/systemd/user',
  '/usr/lib/systemd/system',
  '/usr/lib/systemd/user',
  '/lib/systemd/system',
];
/** Says whom the service runs as. */
const SYSUSERS_DIRECTORIES = ['/etc/sysusers.d', '/run/sysusers.d', '/usr/lib/sysusers.d'];
const HOME_UNIT_DIRECTORIES = ['~/.config/systemd/user', '~/.local/share/systemd/user'];

/** What a system installation uses; protected everywhere, whatever this daemon's own paths are. */
export const SYSTEM_PATHS: ProtectedPaths = {
  written: [
    '/etc/reeve',
    '/run/reeve',
    '/var/lib/reeve',
    '/usr/lib/reeve',
    '/opt/reeve',
    ...UNIT_DIRECTORIES.flatMap(unitsIn),
    ...SYSUSERS_DIRECTORIES.map((directory) => `${directory}/reeve.conf`),
    '/Library/Application Support/reeve',
    '/Library/LaunchDaemons/dev.reeve.daemon.plist',
  ],
  read: ['/etc/reeve/credential.json*', '/etc/reeve/keys'],
};

/** The same below every home: a user's own local directory, state and units. */
const HOME_PATHS: readonly string[] = [
  '~/.config/reeve',
  '~/.local/state/reeve',
  ...HOME_UNIT_DIRECTORIES.flatMap(unitsIn),
  '~/Library/Application Support/reeve',
  '~/Library/LaunchAgents/dev.reeve.daemon.plist',
];

/** Rules in the ordinary form, so that they are matched by the ordinary evaluator; nothing lifts them. */
export function builtinRules(paths: ProtectedPaths): readonly unknown[] {
  const written = [...SYSTEM_PATHS.written, ...paths.written];
  const read = [...SYSTEM_PATHS.read, ...paths.read];
  return [
    {
      id: 'protect-installation',
      name: 'reeve’s configuration, state, sockets and program files',
      decision: 'deny',
      actions: ['write'],
      resources: [...written, ...HOME_PATHS].map(below),
    },
    {
      id: 'protect-secrets',
      name: 'reeve’s credentials and private keys',
      decision: 'deny',
      actions: ['read', 'write'],
      resources: read.map(below),
    },
  ];
}

/** The units, their drop-ins, and the drop-ins that systemd reads for every unit of a kind or of a name's beginning. */
function unitsIn(directory: string): readonly string[] {
  const units = ['reeve.service', 'reeve.socket', 'reeve-admin.socket'];
  const shared = ['service.d', 'socket.d', 'reeve-.socket.d'];
  return [...units.flatMap((unit) => [unit, `${unit}.d`]), ...shared].map((name) => `${directory}/${name}`);
}

/** `/x/**` covers `/x` itself and everything below it. */
function below(path: string): string {
  return `${path}/**`;
}
