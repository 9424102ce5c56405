import { rmSync } from 'node:fs';
import koffi from 'koffi';
import type { Scope } from './scope.ts';

/** What a service manager listens on: a Unix datagram socket, which Node.js has not. */
export interface NotifySocket {
  /** What came since the last look, one datagram each. */
  readonly take: () => readonly string[];
}

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK_CLOEXEC = 0o2_004_002;
const MAX_BYTES = 4_096;

/** `address` is a path, or a name behind `@`. */
export function listenForNotifications(t: Scope, address: string): NotifySocket {
  const libc = koffi.load(null);
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  const bind = libc.func('int bind(int fd, void *address, uint length)');
  const recv = libc.func('long recv(int fd, void *data, size_t length, int flags)');
  const close = libc.func('int close(int fd)');
  const fd = socket(AF_UNIX, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0) as number;
  const abstract = address.startsWith('@');
  const name = Buffer.from(abstract ? `\0${address.slice(1)}` : `${address}\0`);
  const bound = Buffer.concat([Buffer.from(Uint16Array.of(AF_UNIX).buffer), name]);
  if ((bind(fd, bound, bound.length) as number) !== 0) throw new Error(`cannot bind ${address}`);
  t.after(() => {
    close(fd);
    if (!abstract) rmSync(address, { force: true });
  });
  const data = Buffer.alloc(MAX_BYTES);
  const next = (): string | null => {
    const length = Number(recv(fd, data, data.length, 0));
    return length < 0 ? null : data.toString('utf8', 0, length);
  };
  return {
    take() {
      const taken: string[] = [];
      for (let text = next(); text !== null; text = next()) taken.push(text);
      return taken;
    },
  };
}
