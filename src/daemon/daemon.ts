import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { type DecisionLog, startDecisionLog } from '../audit/decision-log.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { ActivatedSockets } from '../localapi/activation.ts';
import type { PolicyIdentity } from '../localapi/daemon-port.ts';
import { openPeerCredentials } from '../localapi/peer-credentials.ts';
import { PathResolver } from '../pdp/path-resolver.ts';
import { createSnapshotHolder, type SnapshotHolder } from '../pdp/snapshot-holder.ts';
import type { AuditEvent } from '../sources/audit-event.ts';
import { ConfigReader } from './config/config-reader.ts';
import type { DaemonConfig } from './config/daemon-config.ts';
import { type AnsweringParts, createDaemonPort, identityOf } from './daemon-port.ts';
import { openSockets, watchedPort } from './daemon-sockets.ts';
import { createHomeDirectory } from './home-directory.ts';
import { type Part, Parts } from './lifecycle.ts';
import type { DaemonLogger, Logger } from './logger.ts';
import { watchLoopLag } from './metrics/loop-lag.ts';
import type { SupplyFacts } from './policy/policy-messages.ts';
import { PolicySupply } from './policy/policy-supply.ts';
import { refusalOf } from './policy/policy-thread.ts';
import { Reloading, type ReloadOutcome } from './reload.ts';
import { decidesBy, Heartbeat, startHeartbeat } from './service/heartbeat.ts';
import { serviceLine, startServiceLine } from './service/service-line.ts';
import { NO_SERVICE_MANAGER, type ServiceNotifier } from './service/service-notify.ts';

export interface DaemonOptions {
  readonly config: DaemonConfig;
  /** Where it comes from, for those that ask for a reload. */
  readonly source: Pick<ConfigReader, 'read' | 'lost'>;
  readonly log: DaemonLogger;
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
  /** Takes up the configuration as it is now, all or nothing. Never rejects. */
  reload(): Promise<ReloadOutcome>;
  /** Threads stuck in a system call: while there is one, the process can end only by SIGKILL. */
  lostThreads(): number;
}

/**
 * Starts the daemon: decision log → policy thread (database, local files) → stored bundle, verified and compiled → first
 * swap → sockets → polling. A later start that throws closes what has started, in reverse, and the error goes on.
 */
export async function startDaemon(
  options: Pick<DaemonOptions, 'config' | 'log'> & Partial<DaemonOptions>,
): Promise<Daemon> {
  const { file, service } = options.config;
  const source = new ConfigReader({ file, service });
  const complete: DaemonOptions = { clock: systemClock, notifier: NO_SERVICE_MANAGER, source, ...options };
  const { log } = complete;
  const parts = new Parts();
  const close = async (): Promise<void> => {
    for (const { name, error } of await parts.close()) log.error({ part: name, err: error }, 'a part did not close');
  };
  try {
    const { resolver, supply, decisions, reloading } = await startParts(parts, complete);
    return {
      close,
      reload: () => reloading.reload(),
      lostThreads: () => resolver.lost + supply.lost + decisions.lostThreads() + complete.source.lost,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startParts(
  parts: Parts,
  options: DaemonOptions,
): Promise<AnsweringParts & { readonly reloading: Reloading }> {
  const { config, log } = options;
  // bound while the policy thread makes the first policy; never rejects
  const binding = openPeerCredentials();
  const holder = createSnapshotHolder(() => options.clock.now());
  logSwaps(holder, log);
  const decisions = await openDecisionLog(parts, options, () => identityOf(holder));
  const answering = await openSupply(parts, options, { holder, decisions });
  const { supply, resolver } = answering;
  const reloading = new Reloading({ ...options, ...answering, read: () => options.source.read() });
  const credentials = await binding;
  const lag = await parts.start('loop lag', () => watchLoopLag(options.clock));
  const peerCredentials = credentials.kind === 'available' ? 'available' : credentials.reason;
  // asked for as soon as the first of the sockets is open
  let troubles = (): readonly string[] => [];
  const reloadRefusal = (): string | null => reloading.refusal;
  const started = { peerCredentials, lag, reloadRefusal, socketTroubles: () => troubles() };
  const { port, longestWaitMs } = watchedPort(createDaemonPort(answering, options, started));
  const api = await parts.start('sockets', () => openSockets(port, options, credentials));
  troubles = () => api.troubles;
  // not sooner: a thread that loads beside the others would only have kept the first answer waiting
  resolver.start();
  await parts.start('polling', async () => {
    await supply.begin();
    return { close: () => supply.halt() };
  });
  await parts.start('tick', () => startTick(answering, options));
  const loop = { decides: decidesBy(holder), turns: () => api.progress, longestWaitMs };
  await parts.start('heartbeat', () => startHeartbeat(new Heartbeat(loop), options.notifier, log));
  await parts.start('service line', () => startServiceLine(options, () => lineOf(answering)));
  log.info({ decide: config.decideSocket, admin: config.adminSocket, source: config.source?.org ?? null }, 'ready');
  return { ...answering, reloading };
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
  const resolver = await parts.start('path resolver', () => new PathResolver());
  const onFacts = ({ mounts }: SupplyFacts): void => resolver.avoid(mounts.kind === 'compared' ? mounts.differ : []);
  const onHomeLost = (uid: number): void => homes.invalidate(uid);
  const told = { holder, audit, onFacts, onHomeLost };
  const supply = await parts.start('policy thread', () => new PolicySupply({ ...options, ...told }));
  const homes = createHomeDirectory({
    clock,
    holder,
    add: (uid, home) => supply.addHome(uid, home),
    forget: (uid) => supply.forgetHome(uid),
    onError: (error) => {
      // a thread that is gone, or was given up with the start, is told of by itself
      if (refusalOf(error).code === 'policy_thread_lost') return;
      log.error({ err: error }, 'a user’s home cannot be read: that user is not answered');
    },
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

function lineOf({ holder, supply }: AnsweringParts): string {
  const { facts, trouble } = supply.state;
  const { source, preset } = supply.config;
  const organisation = source?.org ?? facts.organisation;
  return serviceLine({ snapshot: holder.current(), organisation, preset: preset.name, trouble });
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
