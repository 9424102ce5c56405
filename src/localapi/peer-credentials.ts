import type { Socket } from 'node:net';
import { messageOf } from '../base/coded-error.ts';
import { AF_UNIX, bindLibc, LITTLE_ENDIAN, type Libc, SOCK_STREAM } from '../host/libc.ts';
import type { Peer } from '../pdp/decision-point.ts';

export type PeerCredentials =
  | { readonly kind: 'available'; readonly of: (socket: Socket) => Peer }
  /** Socket modes alone say who may ask; `status` shows the reason. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export const UNKNOWN_PEER: Peer = { uid: null, gid: null, pid: null };

/** What the kernel reports for a user that has no number in this namespace. */
const OVERFLOW_UID = 65_534;

type ReadFd = (fd: number) => Peer;

/** Binds the system's way and tries it on a socket pair of our own: what that does not answer rightly is not used. */
export async function openPeerCredentials(platform: NodeJS.Platform = process.platform): Promise<PeerCredentials> {
  try {
    const libc = await bindLibc(platform);
    const readFd = platform === 'linux' ? linuxReader(libc) : darwinReader(libc);
    tryOnOurselves(libc, readFd);
    return { kind: 'available', of: (socket) => peerOf(socket, readFd) };
  } catch (error) {
    const [firstLine = ''] = messageOf(error).split('\n');
    return { kind: 'unavailable', reason: `peer credentials cannot be read: ${firstLine}` };
  }
}

const LINUX_SOL_SOCKET = 1;
const LINUX_SO_PEERCRED = 17;

/** `struct ucred { pid_t pid; uid_t uid; gid_t gid; }` */
function linuxReader({ getsockopt }: Libc): ReadFd {
  return (fd) => {
    const ucred = Buffer.alloc(12);
    const length = Uint32Array.of(ucred.length);
    if (getsockopt(fd, LINUX_SOL_SOCKET, LINUX_SO_PEERCRED, ucred, length) !== 0 || length[0] !== 12)
      return UNKNOWN_PEER;
    const view = new DataView(ucred.buffer, ucred.byteOffset, ucred.length);
    const numberAt = (offset: number): number => view.getUint32(offset, LITTLE_ENDIAN);
    return knownPeer(numberAt(4), numberAt(8), view.getInt32(0, LITTLE_ENDIAN));
  };
}

function darwinReader({ getpeereid }: Libc): ReadFd {
  return (fd) => {
    const uid = new Uint32Array(1);
    const gid = new Uint32Array(1);
    if (getpeereid === null || getpeereid(fd, uid, gid) !== 0) return UNKNOWN_PEER;
    return knownPeer(uid[0], gid[0], null);
  };
}

/** A peer as the kernel reported it; a uid without a number here is no uid (api). */
export function knownPeer(uid: number | undefined, gid: number | undefined, pid: number | null): Peer {
  return {
    uid: uid === undefined || uid === OVERFLOW_UID ? null : uid,
    gid: gid ?? null,
    pid: pid === null || pid <= 0 ? null : pid,
  };
}

function tryOnOurselves(libc: Libc, readFd: ReadFd): void {
  const fds = new Int32Array(2);
  if (libc.socketpair(AF_UNIX, SOCK_STREAM, 0, fds) !== 0) throw new Error('the feature test has no socket pair');
  const [near = -1, far = -1] = fds;
  try {
    const peer = readFd(near);
    const own = process.geteuid?.();
    const uidIsRight = peer.uid === (own === OVERFLOW_UID ? null : own);
    if (!uidIsRight || (peer.pid !== null && peer.pid !== process.pid)) throw new Error('the feature test failed');
  } finally {
    libc.close(near);
    libc.close(far);
  }
}

function peerOf(socket: Socket, readFd: ReadFd): Peer {
  // Node has no public way to a socket's descriptor; one that goes away makes every peer unknown, nothing worse
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  return typeof fd === 'number' && fd >= 0 ? readFd(fd) : UNKNOWN_PEER;
}

/** Admin verbs need uid 0 or the owner; where no credentials can be read, the socket's mode has to do (api). */
export function mayChangeState(peer: Peer, credentials: PeerCredentials): boolean {
  if (credentials.kind === 'unavailable') return true;
  return peer.uid === 0 || (peer.uid !== null && peer.uid === process.geteuid?.());
}
