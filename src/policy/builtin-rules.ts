/** Where one installation of reeve keeps what nobody may touch through an agent (semantics, 4.6). Absolute paths. */
export interface ProtectedPaths {
  /** Files and directories that must not be written: configuration, state, sockets, program and unit files. */
  readonly written: readonly string[];
  /** Credential and private-key files, which must not even be read. */
  readonly read: readonly string[];
}

/** What a system installation uses; protected everywhere, whatever this daemon's own paths are. */
export const SYSTEM_PATHS: ProtectedPaths = {
  written: [
    '/etc/reeve',
    '/run/reeve',
    '/var/lib/reeve',
    '/usr/lib/reeve',
    '/opt/reeve',
    '/etc/systemd/system/reeve.service',
    '/etc/systemd/system/reeve.service.d',
    '/etc/systemd/system/reeve.socket',
    '/etc/systemd/system/reeve.socket.d',
    '/usr/lib/systemd/system/reeve.service',
    '/usr/lib/systemd/system/reeve.socket',
    '/Library/Application Support/reeve',
    '/Library/LaunchDaemons/dev.reeve.daemon.plist',
  ],
  read: ['/etc/reeve/credential.json', '/etc/reeve/keys'],
};

/** The same below every home: a user's own local directory, state and units. */
const HOME_PATHS: readonly string[] = [
  '~/.config/reeve',
  '~/.local/state/reeve',
  '~/.config/systemd/user/reeve.service',
  '~/.config/systemd/user/reeve.service.d',
  '~/.config/systemd/user/reeve.socket',
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

/** `/x/**` covers `/x` itself and everything below it. */
function below(path: string): string {
  return `${path}/**`;
}
