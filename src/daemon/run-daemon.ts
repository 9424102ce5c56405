import { dirname } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { messageOf } from '../base/coded-error.ts';
import { type ActivatedSockets, readActivation } from '../localapi/activation.ts';
import { prepareSocketDirectory } from '../localapi/socket-directory.ts';
import type { HeldLock } from '../store/database.ts';
import { ConfigError } from './config/config-error.ts';
import { type DaemonConfig, type Service, SOCKET_MODES } from './config/daemon-config.ts';
import { loadConfig, ownInstallation } from './config/load-config.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { endOnDefect } from './defect.ts';
import { createLogger, type Logger } from './logger.ts';
import { openServiceNotifier, type ServiceNotifier } from './service/service-notify.ts';
import { hearSignals } from './signals.ts';
import { lockStateDirectory, prepareStateDirectory } from './state-directory.ts';

/** How long a drain may take before the process ends anyway. */
const STOP_DEADLINE_MS = 10_000;
const FLUSH_DEADLINE_MS = 1_000;

/**
 * Runs the daemon of one configuration file until SIGTERM or SIGINT; SIGHUP reads the file again. A second signal ends it
 * at once. Throws a coded error if it cannot start.
 */
export async function runDaemon(configFile: string, loading: Worker, service?: Service): Promise<void> {
  refuseUnsafeEnvironment();
  const config = loadConfig(configFile, ownInstallation(service));
  const log = createLogger(config.log);
  const signals = hearSignals();
  let manager: ServiceNotifier;
  let daemon: Daemon;
  let lock: HeldLock;
  try {
    manager = await openServiceNotifier(process.env, process.pid);
    prepareStateDirectory(config.stateDirectory);
    lock = lockStateDirectory(config.stateDirectory);
    daemon = await startDaemon({ config, log, notifier: manager, activated: prepareSockets(config), loading });
  } catch (error) {
    // on standard error the command line says it, in words for a person
    if (config.log.file !== null) log.error({ err: error }, 'the daemon could not start');
    await flushed(log);
    throw error;
  }
  endOnDefect(log, config.log.file !== null);
  manager.ready();
  signals.onReload(() => void reload(daemon, manager));
  const signal = await signals.stop;
  signals.onReload(() => undefined);
  manager.stopping();
  log.info({ signal }, 'stopping');
  await stop(daemon, log);
  lock.close();
}

/** The sockets that the service manager has handed over; the directories of the others are made ready. */
function prepareSockets({ decideSocket, adminSocket, service }: DaemonConfig): ActivatedSockets {
  const activated = readActivation(process.env, process.pid);
  const own = [
    ...(activated.decide === undefined ? [decideSocket] : []),
    ...(activated.admin === undefined ? [adminSocket] : []),
  ];
  for (const directory of new Set(own.map(dirname))) prepareSocketDirectory(directory, SOCKET_MODES[service].directory);
  return activated;
}

/** Certificates that are not checked make every promise about the source worthless (delivery, "Trusted config"). */
function refuseUnsafeEnvironment(): void {
  if (process.env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    const message =
      'NODE_TLS_REJECT_UNAUTHORIZED=0 is set: unset it, and name a private authority with `source.ca_file`';
    throw new ConfigError('unsafe_environment', message);
  }
}

/** Whatever comes of it, the daemon is as ready as before. */
async function reload(daemon: Daemon, manager: ServiceNotifier): Promise<void> {
  manager.reloading();
  await daemon.reload();
  manager.ready();
}

async function stop(daemon: Daemon, log: Logger): Promise<void> {
  const giveUp = (why: string) => () => {
    log.warn({ why }, 'ending without waiting any longer');
    void flushed(log).then(endAtOnce);
  };
  process.once('SIGTERM', giveUp('second signal'));
  process.once('SIGINT', giveUp('second signal'));
  // kept alive by its deadline: with nothing else left to wait for, the process would end as if it had failed
  const deadline = setTimeout(giveUp('stop deadline'), STOP_DEADLINE_MS);
  try {
    await daemon.close();
  } catch (error) {
    log.error({ reason: messageOf(error) }, 'stopping failed');
  }
  clearTimeout(deadline);
  if (!(await flushed(log)) || daemon.lostThreads() > 0) endAtOnce();
}

/** Whether what was logged is written; a reader that takes nothing is given up on. */
function flushed(log: Logger): Promise<boolean> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => resolve(false), FLUSH_DEADLINE_MS);
    log.flush(() => {
      clearTimeout(deadline);
      resolve(true);
    });
  });
}

/** Whatever it is that hangs: a thread stuck in a system call keeps `process.exit` from ending the process. */
function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL');
}
