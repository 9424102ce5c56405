/**
 * A client that blocks in `write` and `read`, so that what is measured is the server and the kernel, and not a second
 * event loop. Through koffi, an optional dependency of this package; for processes that do nothing else.
 */
export interface BlockingSocket {
  /** Sends everything. */
  send(bytes: Uint8Array): void;
  /** Waits for bytes; the number that are now at the beginning of `into`. */
  receive(into: Uint8Array): number;
  close(): void;
}

export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  /** On loopback. */
  | { readonly kind: 'tcp'; readonly port: number };

export type Connect = (address: Address) => BlockingSocket;

interface Libc {
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly connect: (fd: number, address: Uint8Array, length: number) => number;
  readonly send: (fd: number, bytes: Uint8Array, length: number, flags: number) => number;
  readonly recv: (fd: number, into: Uint8Array, length: number, flags: number) => number;
  readonly setsockopt: (
    ...call: readonly [fd: number, level: number, name: number, value: Uint8Array, length: number]
  ) => number;
  readonly close: (fd: number) => number;
}

const AF_UNIX = 1;
const AF_INET = 2;
const SOCK_STREAM = 1;
const TCP_LEVEL = 6;
const TCP_NODELAY = 1;
/** Nothing here waits longer than this for one answer. */
const RECEIVE_SECONDS = 20;

/** Throws where koffi is not installed. */
export async function blockingSockets(): Promise<Connect> {
  const { default: koffi } = await import('koffi');
  const lib = koffi.load(null);
  const libc: Libc = {
    socket: lib.func('int socket(int domain, int type, int protocol)'),
    connect: lib.func('int connect(int fd, void *address, unsigned int length)'),
    send: lib.func('long send(int fd, void *bytes, size_t length, int flags)'),
    recv: lib.func('long recv(int fd, void *into, size_t length, int flags)'),
    setsockopt: lib.func('int setsockopt(int fd, int level, int name, void *value, unsigned int length)'),
    close: lib.func('int close(int fd)'),
  };
  return (address) => connected(libc, address);
}

function connected(libc: Libc, address: Address): BlockingSocket {
  const fd = libc.socket(address.kind === 'unix' ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
  const name = address.kind === 'unix' ? unixName(address.path) : loopbackName(address.port);
  if (fd < 0 || libc.connect(fd, name, name.length) !== 0)
    throw new Error(`cannot connect to ${JSON.stringify(address)}`);
  giveUpLater(libc, fd);
  if (address.kind === 'tcp') libc.setsockopt(fd, TCP_LEVEL, TCP_NODELAY, new Uint8Array([1, 0, 0, 0]), 4);
  return {
    send(bytes) {
      for (let at = 0; at < bytes.length; ) {
        const sent = libc.send(fd, at === 0 ? bytes : bytes.subarray(at), bytes.length - at, 0);
        if (sent <= 0) throw new Error('the server took nothing more');
        at += sent;
      }
    },
    receive(into) {
      const received = libc.recv(fd, into, into.length, 0);
      if (received <= 0) throw new Error('the server gave no answer');
      return received;
    },
    close: () => void libc.close(fd),
  };
}

function giveUpLater(libc: Libc, fd: number): void {
  const [level, name] = process.platform === 'darwin' ? [0xffff, 0x1006] : [1, 20];
  const time = Buffer.alloc(16);
  time.writeBigInt64LE(BigInt(RECEIVE_SECONDS), 0);
  libc.setsockopt(fd, level, name, time, time.length);
}

function unixName(path: string): Uint8Array {
  const name = Buffer.alloc(2 + 104);
  writeFamily(name, AF_UNIX);
  if (Buffer.byteLength(path) >= 104) throw new Error(`${path} is too long for a socket`);
  name.write(path, 2);
  return name;
}

function loopbackName(port: number): Uint8Array {
  const name = Buffer.alloc(16);
  writeFamily(name, AF_INET);
  name.writeUInt16BE(port, 2);
  name.set([127, 0, 0, 1], 4);
  return name;
}

function writeFamily(name: Buffer, family: number): void {
  if (process.platform === 'darwin') {
    name.writeUInt8(name.length, 0);
    name.writeUInt8(family, 1);
  } else name.writeUInt16LE(family, 0);
}
