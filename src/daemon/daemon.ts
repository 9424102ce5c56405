import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { type DecisionLog, startDecisionLog } from '../audit/decision-log.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { ActivatedSockets } from '../localapi/activation.ts';
import type { DaemonPort, PolicyIdentity } from '../localapi/daemon-port.ts';
import type { SocketSource } from '../localapi/listen.ts';
import { openPeerCredentials, type PeerCredentials } from '../localapi/peer-credentials.ts';
import { startLocalApi } from '../localapi/start-local-api.ts';
import { PathResolver } from '../pdp/path-resolver.ts';
import { createSnapshotHolder, type SnapshotHolder } from '../pdp/snapshot-holder.ts';
import type { AuditEvent } from '../sources/audit-event.ts';
import { type DaemonConfig, SOCKET_MODES } from './daemon-config.ts';
import { type AnsweringParts, createDaemonPort, identityOf } from './daemon-port.ts';
import { decidesBy, Heartbeat, startHeartbeat, watchDecisions } from './heartbeat.ts';
import { createHomeDirectory } from './home-directory.ts';
import { type Part, Parts } from './lifecycle.ts';
import type { Logger } from './logger.ts';
import { watchLoopLag } from './metrics/loop-lag.ts';
import { PolicySupply } from './policy-supply.ts';
import { serviceLine, startServiceLine } from './service-line.ts';
import { NO_SERVICE_MANAGER, type ServiceNotifier } from './service-notify.ts';

export interface DaemonOptions {
  readonly config: DaemonConfig;
  readonly log: Logger;
  readonly clock: Clock;
  /** Whoever has started this process and wants to hear of it. */
  readonly notifier: ServiceNotifier;
  /** Listening sockets that were handed over, by name. */
  readonly activated?: ActivatedSockets;
  /** What the policy thread runs; a test hands in one that breaks. */
  readonly entry?: URL;
  /** The first policy thread, where it is loading already. */
  readonly loading?: Worker;
}

export interface Daemon {
  /** Stops everything in reverse order: polling, sockets (drained), threads, files, database. Idempotent. */
  close(): Promise<void>;
  /** Threads stuck in a system call: while there is one, the process can end only by SIGKILL. */
  lostThreads(): number;
}

/**
 * Starts the daemon: decision log → policy thread (database, local files) → stored bundle, verified and compiled → first
 * swap → sockets → polling. A later start that throws closes what has started, in reverse, and the error goes on.
 */
export async function startDaemon(
  options: Omit<DaemonOptions, 'clock' | 'notifier'> & Partial<DaemonOptions>,
): Promise<Daemon> {
  const complete: DaemonOptions = { clock: systemClock, notifier: NO_SERVICE_MANAGER, ...options };
  const { log } = complete;
  const parts = new Parts();
  const close = async (): Promise<void> => {
    for (const { name, error } of await parts.close()) log.error({ part: name, err: error }, 'a part did not close');
  };
  try {
    const { resolver, supply, decisions } = await startParts(parts, complete);
    return { close, lostThreads: () => resolver.lost + supply.lost + decisions.lostThreads() };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startParts(parts: Parts, options: DaemonOptions): Promise<AnsweringParts> {
  const { config, log } = options;
  // bound while the policy thread makes the first policy; never rejects
  const binding = openPeerCredentials();
  const holder = createSnapshotHolder(() => options.clock.now());
  logSwaps(holder, log);
  const decisions = await openDecisionLog(parts, options, () => identityOf(holder));
  const answering = await openSupply(parts, options, { holder, decisions });
  const { supply, resolver } = answering;
  const credentials = await binding;
  const lag = await parts.start('loop lag', () => watchLoopLag(options.clock));
  const started = { peerCredentials: credentials.kind === 'available' ? 'available' : credentials.reason, lag };
  const port = createDaemonPort(answering, options, started);
  const { point: decisionPoint, longestWaitMs } = watchDecisions(port.decisionPoint);
  const api = await parts.start('sockets', () => openSockets({ ...port, decisionPoint }, options, credentials));
  // not sooner: a thread that loads beside the others would only have kept the first answer waiting
  resolver.start();
  await parts.start('polling', async () => {
    await supply.begin();
    return { close: () => supply.halt() };
  });
  await parts.start('tick', () => startTick(answering, options));
  const loop = { decides: decidesBy(holder), turns: () => api.progress, longestWaitMs };
  await parts.start('heartbeat', () => startHeartbeat(new Heartbeat(loop), options.notifier, log));
  await parts.start('service line', () => startServiceLine(options, () => lineOf(answering, config)));
  log.info({ decide: config.decideSocket, admin: config.adminSocket, source: config.source?.org ?? null }, 'ready');
  return answering;
}

/** The policy thread, and the first snapshot. */
async function openSupply(
  parts: Parts,
  options: DaemonOptions,
  { holder, decisions }: Pick<AnsweringParts, 'holder' | 'decisions'>,
): Promise<AnsweringParts> {
  const { clock, log } = options;
  const audit = (event: AuditEvent): boolean => {
    log.info({ ...event }, 'audit');
    return decisions.note(event);
  };
  const supply = await parts.start('policy thread', () => new PolicySupply({ ...options, holder, audit }));
  const resolver = await parts.start('path resolver', () => new PathResolver());
  const homes = createHomeDirectory({
    clock,
    holder,
    add: (uid, home) => supply.addHome(uid, home),
    forget: (uid) => supply.forgetHome(uid),
    onError: (error) => log.error({ err: error }, 'a user’s home cannot be read: that user is not answered'),
  });
  // the owner's own home is known before the first snapshot, so that the first answer knows `~`
  await Promise.all([supply.start(), homes.settle(process.geteuid?.() ?? 0)]);
  await supply.open();
  return { holder, decisions, audit, resolver, homes, supply };
}

/** The last to close: what happens while everything else stops is kept, too. It has no thread until it has something to write. */
async function openDecisionLog(
  parts: Parts,
  { config, clock, log }: DaemonOptions,
  serving: () => PolicyIdentity,
): Promise<DecisionLog> {
  const retention = config.decisionLog;
  return parts.start('decision log', () =>
    startDecisionLog({
      path: join(config.stateDirectory, 'log.db'),
      ...(retention === null ? {} : { retention }),
      clock,
      serving,
      onTrouble: (reason) => {
        if (reason === null) log.info({}, 'the decision log works again');
        else log.warn({ reason }, 'the decision log is in trouble; decisions go on');
      },
    }),
  );
}

function logSwaps(holder: SnapshotHolder, log: Logger): void {
  holder.onSwap(({ policy, generation }, cause) => {
    const { revision, closures } = policy;
    const closed = closures.map(({ domain, code }) => `${domain}: ${code}`);
    log.info({ generation, revision, cause, closed }, 'a new policy generation serves');
  });
}

function lineOf({ holder, supply }: AnsweringParts, { source, preset }: DaemonConfig): string {
  const { facts, trouble } = supply.state;
  const organisation = source?.org ?? facts.organisation;
  return serviceLine({ snapshot: holder.current(), organisation, preset: preset.name, trouble });
}

function openSockets(
  port: DaemonPort,
  { config, log, clock, activated }: DaemonOptions,
  credentials: PeerCredentials,
): ReturnType<typeof startLocalApi> {
  const { decideSocket, adminSocket, service } = config;
  const { decide, admin } = activated ?? {};
  return startLocalApi({
    sockets: {
      decide: socketSource(decide, { path: decideSocket, mode: SOCKET_MODES[service].decide }),
      admin: socketSource(admin, { path: adminSocket, mode: SOCKET_MODES[service].admin }),
    },
    port,
    log,
    clock,
    credentials,
  });
}

function socketSource(fd: number | undefined, own: { path: string; mode: number }): SocketSource {
  return fd === undefined ? { kind: 'path', ...own } : { kind: 'descriptor', fd };
}

const TICK_MS = 1_000;

/** A long timer would stand still in suspend: once a second the lifetime of answers is brought up to date. */
function startTick({ holder, supply }: AnsweringParts, { clock }: DaemonOptions): Part {
  const arm = (): (() => void) =>
    clock.after(TICK_MS, () => {
      cancel = arm();
      holder.tick();
      supply.tick();
    });
  let cancel = arm();
  return { close: () => cancel() };
}
