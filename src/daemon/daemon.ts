import { hostname } from 'node:os';
import { systemClock } from '../base/clock.ts';
import type { SocketSource } from '../localapi/listen.ts';
import { startLocalApi } from '../localapi/start-local-api.ts';
import { readFoldingMounts } from '../realpath/mounts.ts';
import { createGovernanceSource, type GovernanceSource } from '../sources/governance/source.ts';
import { SOCKET_MODES, type SourceConfig } from './daemon-config.ts';
import { createDaemonPort, type StartedParts } from './daemon-port.ts';
import { Parts } from './lifecycle.ts';
import { type DaemonOptions, openPolicyDesk, type PolicyDesk } from './policy-desk.ts';
import { stalenessNow } from './policy-inputs.ts';
import { startUpkeep } from './policy-upkeep.ts';

export interface Daemon {
  /** Stops everything in reverse order: source, upkeep, sockets (drained), files, threads, database. Idempotent. */
  close(): Promise<void>;
  /** Threads stuck in a system call: while there is one, the process can end only by SIGKILL. */
  lostThreads(): number;
}

/**
 * Starts the daemon: database → stored bundle, verified and compiled → first swap → sockets → upkeep → source.
 * A later start that throws closes what has started, in reverse, and the error goes on.
 */
export async function startDaemon(options: Omit<DaemonOptions, 'clock'> & Partial<DaemonOptions>): Promise<Daemon> {
  const complete: DaemonOptions = { clock: systemClock, ...options };
  const { log } = complete;
  const parts = new Parts();
  const close = async (): Promise<void> => {
    for (const { name, error } of await parts.close()) log.error({ part: name, err: error }, 'a part did not close');
  };
  try {
    const desk = await startParts(parts, complete);
    return { close, lostThreads: () => desk.resolver.lost };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startParts(parts: Parts, options: DaemonOptions): Promise<PolicyDesk> {
  const { config, log } = options;
  const desk = await openPolicyDesk(parts, options);
  const started: StartedParts = { source: null, peerCredentials: 'not known yet' };
  const api = await parts.start('sockets', () => openSockets(desk, options, started));
  started.peerCredentials = api.credentials.kind === 'available' ? 'available' : api.credentials.reason;
  await parts.start('upkeep', () => openUpkeep(desk, options));
  if (config.source !== null) {
    const { source } = config;
    started.source = await parts.start('source', () => openSource(desk, options, source));
  }
  log.info({ decide: config.decideSocket, admin: config.adminSocket, source: config.source?.org ?? null }, 'ready');
  return desk;
}

function openSockets(
  desk: PolicyDesk,
  options: DaemonOptions,
  started: StartedParts,
): ReturnType<typeof startLocalApi> {
  const { config, log, clock } = options;
  const { decideSocket, adminSocket, service } = config;
  const { decide, admin } = options.activated ?? {};
  return startLocalApi({
    sockets: {
      decide: socketSource(decide, { path: decideSocket, mode: SOCKET_MODES[service].decide }),
      admin: socketSource(admin, { path: adminSocket, mode: SOCKET_MODES[service].admin }),
    },
    port: createDaemonPort(desk, options, started),
    log,
    clock,
  });
}

function socketSource(fd: number | undefined, own: { path: string; mode: number }): SocketSource {
  return fd === undefined ? { kind: 'path', ...own } : { kind: 'descriptor', fd };
}

function openUpkeep(desk: PolicyDesk, { clock, log }: DaemonOptions): { close(): Promise<void> } {
  return startUpkeep({
    clock,
    now: () => desk.facts.now(),
    verifiedTime: () => desk.facts.lastSync()?.verifiedTime ?? null,
    holder: desk.holder,
    staleness: () => stalenessNow(desk.facts),
    foldingMounts: readFoldingMounts,
    resolveLinks: (prefixes, known) => desk.resolver.resolvePrefixes(prefixes, known),
    refresh: (cause) => desk.refresh(cause),
    onError: (error: unknown) => log.error({ err: error }, 'looking for changes failed; the policy serves on'),
  });
}

function openSource(
  { store, activator }: PolicyDesk,
  { clock, log }: DaemonOptions,
  config: SourceConfig,
): GovernanceSource {
  const source = createGovernanceSource({
    config,
    store,
    clock,
    random: Math.random,
    hostId: hostname(),
    onPolicies: (bundle) => activator.activate(bundle),
    onTrouble: (error) => {
      if (error === null) log.info('syncs work again');
      else
        log.warn({ stage: error.stage, code: error.code, reason: error.message }, 'a sync failed; what serves stays');
    },
  });
  source.start();
  return source;
}
