import { lstatSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';

/** The two sockets of a daemon (api, "Files and who may what"). */
export type SocketName = 'decide' | 'admin';

/** What every platform's `sockaddr_un` holds, less its final NUL. */
export const MAX_SOCKET_PATH_BYTES = 103;

/** Where sockets may lie; tests have their own places, nothing else does: no variable and no directory decides. */
export interface SocketPlaces {
  readonly systemDirectory: string;
  /** Where a system install keeps its configuration; its existence is enough to be one. */
  readonly systemConfig: string;
  /** Parent of the per-user runtime directories; null where the platform has none. */
  readonly runtimeParent: string | null;
  /** Below the home directory. */
  readonly homeDirectory: string;
}

const LINUX: SocketPlaces = {
  systemDirectory: '/run/reeve',
  systemConfig: '/etc/reeve',
  runtimeParent: '/run/user',
  homeDirectory: '.local/state/reeve/run',
};

const MACOS: SocketPlaces = {
  systemDirectory: '/Library/Application Support/reeve/run',
  systemConfig: '/etc/reeve',
  runtimeParent: null,
  homeDirectory: 'Library/Application Support/reeve/run',
};

export const SOCKET_PLACES: SocketPlaces = process.platform === 'darwin' ? MACOS : LINUX;

/** Whose socket a path is; `option` = someone named it. */
export type SocketOrigin = 'system' | 'user' | 'option';

export type SocketChoice =
  | { readonly kind: 'socket'; readonly path: string; readonly origin: SocketOrigin }
  | { readonly kind: 'none'; readonly message: string };

/** A uid and its home as NSS knows it; null = it has none. */
export interface SocketUser {
  readonly uid: number;
  readonly home: string | null;
}

/** The user of this process, its home by passwd entry and never by environment. */
export function currentUser(): SocketUser {
  const uid = process.geteuid?.() ?? -1;
  try {
    const info = userInfo();
    return { uid, home: info.uid === uid && info.homedir.startsWith('/') ? info.homedir : null };
  } catch {
    return { uid, home: null };
  }
}

/** True if this machine has a system install: its socket directory or its configuration exists. */
export function systemInstalled(places: SocketPlaces = SOCKET_PLACES): boolean {
  return exists(places.systemDirectory) || exists(places.systemConfig);
}

/** The socket directory of a user service, or null where there is no place for one. */
export function userSocketDirectory(user: SocketUser, places: SocketPlaces = SOCKET_PLACES): string | null {
  if (places.runtimeParent !== null) {
    const runtime = `${places.runtimeParent}/${user.uid}`;
    const stats = lookedAt(runtime);
    if (stats?.isDirectory() === true && stats.uid === user.uid && (stats.mode & 0o777) === 0o700) {
      return `${runtime}/reeve`;
    }
  }
  return user.home === null ? null : `${user.home}/${places.homeDirectory}`;
}

export function socketIn(directory: string, name: SocketName): string {
  return `${directory}/${name}.sock`;
}

/** Why a path cannot be a socket's, or null. */
export function socketPathFault(path: string): string | null {
  if (!path.startsWith('/')) return `socket path \`${path}\` must be absolute`;
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return null;
  return `socket path \`${path}\` has more than ${MAX_SOCKET_PATH_BYTES} bytes; choose a shorter one`;
}

/** Which socket a client asks: the one named, else the system's if there is a system install, else the user's. */
export function chooseSocket(
  name: SocketName,
  named: string | undefined,
  user: SocketUser = currentUser(),
  places: SocketPlaces = SOCKET_PLACES,
): SocketChoice {
  if (named !== undefined) return checkedChoice(named, 'option');
  if (systemInstalled(places)) return checkedChoice(socketIn(places.systemDirectory, name), 'system');
  const directory = userSocketDirectory(user, places);
  if (directory !== null) return checkedChoice(socketIn(directory, name), 'user');
  const message = `uid ${user.uid} has no runtime directory and no home; name the socket with --socket`;
  return { kind: 'none', message };
}

function checkedChoice(path: string, origin: SocketOrigin): SocketChoice {
  const fault = socketPathFault(path);
  return fault === null ? { kind: 'socket', path, origin } : { kind: 'none', message: fault };
}

/**
 * Why a client must not ask this socket, or null. Somebody who could put a socket there could answer allow. What does
 * not exist is no reason: connecting to it fails by itself.
 */
export function socketDistrust(choice: SocketChoice & { kind: 'socket' }, uid: number): string | null {
  const { path, origin } = choice;
  if (origin === 'option') return null;
  const directory = dirname(path);
  if (origin === 'system') return writableByOthers(directory) ?? writableByOthers(dirname(directory));
  for (const place of [directory, path]) {
    const stats = lookedAt(place);
    if (stats !== null && stats.uid !== uid) return `\`${place}\` belongs to uid ${stats.uid}, not to uid ${uid}`;
  }
  return writableByOthers(directory);
}

function writableByOthers(directory: string): string | null {
  const stats = lookedAt(directory);
  if (stats === null) return null;
  if (!stats.isDirectory()) return `\`${directory}\` is no directory`;
  return (stats.mode & 0o022) === 0 ? null : `\`${directory}\` can be written by its group or by others`;
}

/** Anything but a plain "not there" counts as there: a system install that cannot be looked at is still one. */
function exists(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'));
  }
}

function lookedAt(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}
