import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../base/coded-error.ts';
import { prepareSocketDirectory } from '../localapi/socket-directory.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { loadConfig, ownInstallation } from './load-config.ts';
import { createLogger, type Logger } from './logger.ts';

/** How long a drain may take before the process ends anyway. */
const STOP_DEADLINE_MS = 10_000;

/**
 * Runs the daemon of one configuration file until SIGTERM or SIGINT. A second signal ends it at once. Throws a coded
 * error if it cannot start.
 */
export async function runDaemon(configFile: string): Promise<void> {
  refuseUnsafeEnvironment();
  const config = loadConfig(configFile, ownInstallation());
  const log = createLogger(config.log);
  mkdirSync(config.stateDirectory, { recursive: true, mode: 0o700 });
  for (const directory of new Set([dirname(config.decideSocket), dirname(config.adminSocket)])) {
    prepareSocketDirectory(directory, config.socketDirectoryMode);
  }
  const daemon = await startDaemon({ config, log });
  const signal = await nextSignal();
  log.info({ signal }, 'stopping');
  await stop(daemon, log);
}

/** Certificates that are not checked make every promise about the source worthless (delivery, "Trusted config"). */
function refuseUnsafeEnvironment(): void {
  if (process.env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    throw new Error(
      'NODE_TLS_REJECT_UNAUTHORIZED=0 is set: unset it, and name a private authority with `source.ca_file`',
    );
  }
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
}

async function stop(daemon: Daemon, log: Logger): Promise<void> {
  const giveUp = (why: string) => () => {
    log.warn({ why }, 'ending without waiting any longer');
    process.exit(1);
  };
  process.once('SIGTERM', giveUp('second signal'));
  process.once('SIGINT', giveUp('second signal'));
  const deadline = setTimeout(giveUp('stop deadline'), STOP_DEADLINE_MS);
  deadline.unref();
  try {
    await daemon.close();
  } catch (error) {
    log.error({ reason: messageOf(error) }, 'stopping failed');
  }
  await new Promise<void>((resolve) => log.flush(() => resolve()));
  // A thread stuck in a system call cannot be ended, and keeps the process from ending by itself.
  if (daemon.lostThreads() > 0) process.kill(process.pid, 'SIGKILL');
}
