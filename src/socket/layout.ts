import { join } from 'node:path';

/** What fits into `sockaddr_un` everywhere, with its NUL (macOS has 104 bytes, Linux 108). */
export const MAX_SOCKET_PATH_BYTES = 103;
export const DECIDE_SOCKET = 'decide.sock';
export const ADMIN_SOCKET = 'admin.sock';

/** Whose sockets: everything follows from the platform and the uid, nothing from the environment (api). */
export interface SocketOwner {
  readonly platform: NodeJS.Platform;
  readonly uid: number;
  /** From the user database, never from `$HOME`; null = it has no entry. */
  readonly home: string | null;
}

/** The directories in which sockets are looked for. */
export interface SocketLayout {
  /** Of the system service. */
  readonly systemDirectory: string;
  /** Its presence alone says that this machine has a system install. */
  readonly systemConfigDirectory: string;
  readonly uid: number;
  /** Used if it is the uid's and 0700; null where the platform has none. */
  readonly userRuntimeDirectory: string | null;
  /** Of the user service otherwise; null without a home. */
  readonly userStateDirectory: string | null;
}

export function socketLayout({ platform, uid, home }: SocketOwner): SocketLayout {
  const systemConfigDirectory = '/etc/reeve';
  if (platform === 'darwin') {
    const below = 'Library/Application Support/reeve/run';
    return {
      systemDirectory: join('/', below),
      systemConfigDirectory,
      uid,
      userRuntimeDirectory: null,
      userStateDirectory: home === null ? null : join(home, below),
    };
  }
  return {
    systemDirectory: '/run/reeve',
    systemConfigDirectory,
    uid,
    userRuntimeDirectory: `/run/user/${uid}`,
    userStateDirectory: home === null ? null : join(home, '.local/state/reeve/run'),
  };
}
