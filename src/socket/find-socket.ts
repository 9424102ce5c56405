import { lstatSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { shown } from '../base/shown.ts';
import { ADMIN_SOCKET, DECIDE_SOCKET, MAX_SOCKET_PATH_BYTES, type SocketLayout, socketLayout } from './layout.ts';

export type SocketChoice =
  | { readonly kind: 'socket'; readonly path: string }
  /** To be treated as a daemon that cannot be reached. */
  | { readonly kind: 'refused'; readonly message: string };

/** This process's layout: uid and home as the system knows them. */
export function ownSocketLayout(): SocketLayout {
  const uid = process.geteuid?.() ?? -1;
  return socketLayout({ platform: process.platform, uid, home: homeOf(uid) });
}

/** The home of this process's user, which no environment variable can move; null without an entry. */
export function homeOf(uid: number): string | null {
  try {
    // unlike `os.homedir`, this asks the user database and not `$HOME`
    const { homedir, uid: found } = userInfo();
    return found === uid && homedir.startsWith('/') ? homedir : null;
  } catch {
    return null;
  }
}

/** Whether this machine has a system service; the user's own daemon then does not start (api). */
export function hasSystemInstall(layout: SocketLayout): boolean {
  return !isAbsent(layout.systemDirectory) || !isAbsent(layout.systemConfigDirectory);
}

/** The user service's directory; null = there is none, and `--socket` is needed. */
export function userSocketDirectory(layout: SocketLayout): string | null {
  const { userRuntimeDirectory, userStateDirectory, uid } = layout;
  const runtime = userRuntimeDirectory === null ? null : look(userRuntimeDirectory);
  if (userRuntimeDirectory !== null && runtime?.isDirectory() === true) {
    if (runtime.uid === uid && (runtime.mode & 0o777) === 0o700) return join(userRuntimeDirectory, 'reeve');
  }
  return userStateDirectory;
}

/** Which socket a client asks (api, "Which one a client asks"). A path given by option is not tested. */
export function findSocket(name: 'decide' | 'admin', layout: SocketLayout, option?: string): SocketChoice {
  if (option !== undefined) return bounded(option);
  const file = name === 'decide' ? DECIDE_SOCKET : ADMIN_SOCKET;
  if (hasSystemInstall(layout)) return systemSocket(layout.systemDirectory, file);
  const directory = userSocketDirectory(layout);
  if (directory === null)
    return refused('this user has no home to look for the daemon in: name its socket with --socket');
  return userSocket(directory, file, layout.uid);
}

/** Any owner will do while neither the directory nor its parent is writable for group or others. */
function systemSocket(directory: string, file: string): SocketChoice {
  for (const path of [directory, dirname(directory)]) {
    const found = look(path);
    if (found === null) return refused(`there is no ${shown(path)}: is the reeve service running?`);
    if (!found.isDirectory()) return refused(`${shown(path)} is not a directory, so its sockets are not trusted`);
    if ((found.mode & 0o022) !== 0) {
      return refused(`${shown(path)} is writable for group or others, so its sockets are not trusted: chmod go-w it`);
    }
  }
  return bounded(join(directory, file));
}

/** Directory and socket must be the caller's own; a socket that is missing is for the connection to find out. */
function userSocket(directory: string, file: string, uid: number): SocketChoice {
  const path = join(directory, file);
  const held = look(directory);
  if (held !== null && (!held.isDirectory() || held.uid !== uid || (held.mode & 0o022) !== 0)) {
    return refused(`${shown(directory)} is not this user's own directory, so its sockets are not trusted`);
  }
  const socket = look(path);
  if (socket !== null && socket.uid !== uid)
    return refused(`${shown(path)} belongs to another user, so it is not trusted`);
  return bounded(path);
}

function bounded(path: string): SocketChoice {
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return { kind: 'socket', path };
  return refused(`the socket path ${shown(path)} is over ${MAX_SOCKET_PATH_BYTES} bytes: choose a shorter one`);
}

function refused(message: string): SocketChoice {
  return { kind: 'refused', message };
}

/** For certain: what may not be looked at could be there. */
function isAbsent(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

/** Links are not followed: a link is not a directory. null = absent, or it cannot be looked at. */
function look(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}
