import { CodedError, messageOf } from '../../base/coded-error.ts';
import { shown } from '../../base/shown.ts';
import { AF_UNIX, bindLibc, LITTLE_ENDIAN, type Libc } from '../../host/libc.ts';

/** What a service manager puts into the environment of a service that it wants to hear of (sd_notify(3)). */
export interface NotifyVariables {
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
  readonly WATCHDOG_PID?: string | undefined;
}

/** The service manager, as far as it listens; without one nothing here does anything. Nothing blocks or throws. */
export interface ServiceNotifier {
  /** How often it wants `alive`; null = it does not watch. */
  readonly watchdogMs: number | null;
  /** Decisions can be answered: at the start, and again behind each `reloading`, whatever came of it. */
  ready(): void;
  /** The configuration is being read again; `ready` follows. */
  reloading(): void;
  stopping(): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /** The answering loop has got on since the last time. */
  alive(): void;
  close(): void;
}

/** A service manager waits for a word of this process, and there is no way to say it. */
export class NotifyError extends CodedError<'notify_unavailable'> {}

export const NO_SERVICE_MANAGER: ServiceNotifier = {
  watchdogMs: null,
  ready: () => undefined,
  reloading: () => undefined,
  stopping: () => undefined,
  status: () => undefined,
  alive: () => undefined,
  close: () => undefined,
};

/** Sends one datagram; false where it could not be taken. */
export type SendDatagram = (text: string) => boolean;

export interface NotifierParts {
  readonly send: SendDatagram;
  readonly close: () => void;
  readonly watchdogMs: number | null;
}

/**
 * Opens the way to the service manager, where there is one. Throws a `NotifyError` where one waits and cannot be told:
 * it would take this process for one that hangs, and end it without a reason.
 */
export async function openServiceNotifier(variables: NotifyVariables, pid: number): Promise<ServiceNotifier> {
  const { NOTIFY_SOCKET: path } = variables;
  if (path === undefined || path === '') return NO_SERVICE_MANAGER;
  const watchdogMs = watchdogPeriod(variables, pid);
  const address = notifyAddress(path);
  if (address === null) throw unavailable(`\`NOTIFY_SOCKET\` is ${shown(path)}, which is no Unix socket`);
  try {
    const libc = await bindLibc(process.platform);
    return createNotifier({ ...datagramsTo(libc, address), watchdogMs });
  } catch (error) {
    const [firstLine = ''] = messageOf(error).split('\n');
    throw unavailable(firstLine, { cause: error });
  }
}

function unavailable(why: string, options?: ErrorOptions): NotifyError {
  const message =
    `the service manager waits to be told that the daemon is ready, and cannot be told: ${why}; install reeve with its ` +
    'optional package koffi, or set `Type=exec` and `WatchdogSec=0` in a drop-in of the unit';
  return new NotifyError('notify_unavailable', message, options);
}

/** Null where nobody watches, or somebody else is meant. */
export function watchdogPeriod({ WATCHDOG_USEC: usec, WATCHDOG_PID: of }: NotifyVariables, pid: number): number | null {
  if (usec === undefined || !/^[1-9]\d{0,15}$/.test(usec)) return null;
  if (of !== undefined && of !== String(pid)) return null;
  return Number(usec) / 1_000;
}

/** `sun_path`, with the NUL that ends a path. */
const MAX_ADDRESS_BYTES = 108;

/** `struct sockaddr_un`: a path, or behind `@` a name that is no file; null for anything else. */
export function notifyAddress(path: string): Buffer | null {
  const abstract = path.startsWith('@');
  if ((!abstract && !path.startsWith('/')) || path.length < 2 || path.includes('\0')) return null;
  const name = Buffer.from(abstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length > MAX_ADDRESS_BYTES) return null;
  const family = LITTLE_ENDIAN ? Uint8Array.of(AF_UNIX, 0) : Uint8Array.of(0, AF_UNIX);
  return Buffer.concat([family, name]);
}

/** Linux: datagram, not inherited by what is started from here. */
const SOCK_DGRAM_CLOEXEC = 0o2_000_002;
/** Never wait, never SIGPIPE: this runs on the thread that answers. */
const MSG_DONTWAIT_NOSIGNAL = 0x4040;

function datagramsTo(libc: Libc, address: Buffer): Pick<NotifierParts, 'send' | 'close'> {
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) throw new Error('there is no socket to send from');
  const send: SendDatagram = (text) => {
    const data = Buffer.from(text);
    return libc.sendto(fd, data, data.length, MSG_DONTWAIT_NOSIGNAL, address, address.length) === data.length;
  };
  return { send, close: () => void libc.close(fd) };
}

/** While the queue of the service manager is full. */
const RETRY_MS = 100;
/** What happened to the service meanwhile; more of it than fits says nothing new. */
const MAX_KEPT = 16;
/** Longer text is cut by whoever shows it. */
const MAX_STATUS_LENGTH = 300;

/** What cannot be sent yet is sent later, in order; of several status texts the last. */
export function createNotifier({ send, close, watchdogMs }: NotifierParts): ServiceNotifier {
  let kept: readonly string[] = [];
  let shownStatus: string | null = null;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  const flush = (): void => {
    while (kept[0] !== undefined && send(kept[0])) kept = kept.slice(1);
    if (timer !== null) clearTimeout(timer);
    timer = kept.length === 0 ? null : setTimeout(flush, RETRY_MS);
    timer?.unref();
  };
  const tell = (text: string): void => {
    if (closed) return;
    const isStatus = (line: string): boolean => line.startsWith('STATUS=');
    const before = isStatus(text) ? kept.filter((line) => !isStatus(line)) : kept;
    kept = [...before, text].slice(-MAX_KEPT);
    flush();
  };
  return {
    watchdogMs,
    ready: () => tell('READY=1'),
    // which of several reloads `ready` answers is told by this time alone (sd_notify(3), RELOADING=1)
    reloading: () => tell(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`),
    stopping: () => tell('STOPPING=1'),
    status: (text) => {
      const line = text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, MAX_STATUS_LENGTH);
      if (line === shownStatus) return;
      shownStatus = line;
      tell(`STATUS=${line}`);
    },
    // one that is late is none: it is never kept
    alive: () => {
      if (!closed) send('WATCHDOG=1');
    },
    close: () => {
      if (timer !== null) clearTimeout(timer);
      if (!closed) close();
      closed = true;
    },
  };
}
