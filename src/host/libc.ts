/** A C function of this process; what it takes depends on its prototype, what it gives is a number. */
export type CFunction<Call extends readonly unknown[]> = (...call: Call) => number;

/** The calls into the C library that Node.js has no way to; each gives -1 on failure. */
export interface Libc {
  readonly socket: CFunction<readonly [domain: number, type: number, protocol: number]>;
  readonly socketpair: CFunction<readonly [domain: number, type: number, protocol: number, fds: Int32Array]>;
  readonly getsockopt: CFunction<
    readonly [fd: number, level: number, name: number, value: Buffer, length: Uint32Array]
  >;
  readonly sendto: CFunction<
    readonly [fd: number, data: Buffer, length: number, flags: number, to: Buffer, toLength: number]
  >;
  readonly close: CFunction<readonly [fd: number]>;
  /** Null where the platform has none. */
  readonly getpeereid: CFunction<readonly [fd: number, uid: Uint32Array, gid: Uint32Array]> | null;
}

export const AF_UNIX = 1;
export const SOCK_STREAM = 1;

/** Whether numbers lie in memory with their lowest byte first, as the kernel reads them here. */
export const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Binds them through koffi, an optional dependency with prebuilt binaries. Rejects where it is missing or does not know
 * this machine: whoever needs it says what is lost.
 */
export async function bindLibc(platform: NodeJS.Platform): Promise<Libc> {
  if (platform !== 'linux' && platform !== 'darwin') throw new Error(`not known on ${platform}`);
  const { default: koffi } = await import('koffi');
  const lib = koffi.load(null);
  return {
    socket: lib.func('int socket(int domain, int type, int protocol)'),
    socketpair: lib.func('int socketpair(int domain, int type, int protocol, void *fds)'),
    getsockopt: lib.func('int getsockopt(int fd, int level, int name, void *value, void *length)'),
    sendto: lib.func('long sendto(int fd, void *data, size_t length, int flags, void *to, uint to_length)'),
    close: lib.func('int close(int fd)'),
    getpeereid: platform === 'darwin' ? lib.func('int getpeereid(int fd, void *uid, void *gid)') : null,
  };
}
