import { setPriority } from 'node:os';
import { join } from 'node:path';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { systemClock } from '../base/clock.ts';
import { CodedError, codeOf, messageOf } from '../base/coded-error.ts';
import type { Compilation } from '../policy/compilation.ts';
import { POLICY_DATABASE } from '../store/policy-state.ts';
import { StoreError } from '../store/store-error.ts';
import { inodeOf, watchFile } from './policy/database-watch.ts';
import type { Answers, Ask, FromPolicyThread, LogLine, PolicyLog, ToPolicyThread } from './policy/policy-messages.ts';
import { publicationOf } from './policy/policy-report.ts';
import { type PolicyService, startPolicyService } from './policy/policy-service.ts';

// The policy thread's whole life: it does what it is asked, and tells what it has found out.
const PULSE_MS = 1_000;
/** A third of the processor's time where another thread wants it too. */
const NICENESS = 5;

type Started = Extract<Ask, { kind: 'start' }>;
type Send = (message: FromPolicyThread) => void;

function serve(port: MessagePort): void {
  const send: Send = (message) => port.postMessage(message);
  const awaited: ((generation: number) => void)[] = [];
  let service: Promise<PolicyService> | null = null;
  const publish = (compilation: Compilation, cause: string): Promise<number> =>
    new Promise((resolve) => {
      awaited.push(resolve);
      send({ kind: 'publish', publication: publicationOf(compilation, cause) });
    });
  const answer = async (ask: Ask): Promise<Answers[Ask['kind']]> => {
    if (ask.kind === 'start') {
      beat(ask.pulse);
      service = startService(ask, publish, send);
      // whoever asks next hears it too
      await service;
      return null;
    }
    if (service === null) throw new Error('the policy thread was not started');
    return serveAsk(await service, ask);
  };
  port.on('message', (message: ToPolicyThread) => {
    if (message.kind === 'published') {
      awaited.shift()?.(message.generation);
      return;
    }
    const { id, ask } = message;
    answer(ask).then(
      (value) => send({ kind: 'answer', id, value }),
      (error: unknown) => send(refusalOf(id, error)),
    );
  });
}

async function startService(
  { config }: Started,
  publish: (compilation: Compilation, cause: string) => Promise<number>,
  send: Send,
): Promise<PolicyService> {
  const database = join(config.stateDirectory, POLICY_DATABASE);
  const before = inodeOf(database);
  const service = await startPolicyService({
    config,
    log: logTo(send),
    clock: systemClock,
    publish,
    onFacts: (facts) => send({ kind: 'facts', facts }),
    audit: (event) => send({ kind: 'audit', event }),
  });
  watchFile(database, before, () => {
    // ends this thread: the next one begins with what is there now
    throw new StoreError('database_unusable', `\`${database}\` was removed or exchanged`);
  });
  return service;
}

async function serveAsk(service: PolicyService, ask: Exclude<Ask, Started>): Promise<Answers[Ask['kind']]> {
  switch (ask.kind) {
    case 'home':
      await service.addHome(ask.uid, ask.home);
      return null;
    case 'forget':
      service.forgetHome(ask.uid);
      return null;
    case 'open':
      await service.open();
      return null;
    case 'begin':
      // the first policy was waited for; no later one is
      stepBack();
      await service.begin();
      return null;
    case 'sync':
      return service.sync();
    case 'rules':
      return service.rules();
    case 'release':
      return service.release();
    case 'halt':
      await service.halt();
      return null;
    case 'close':
      return { lost: await service.close() };
  }
}

/** Says once a second that this thread is neither stuck nor lost in a loop. */
function beat(pulse: Int32Array): void {
  setInterval(() => Atomics.add(pulse, 0, 1), PULSE_MS).unref();
}

/**
 * On a busy machine whoever asks comes first. Linux keeps this value for each thread and hands it down to those that the
 * thread starts; elsewhere it would be the whole process's.
 */
function stepBack(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, NICENESS);
  } catch {
    // a sandbox that forbids it takes nothing from anybody
  }
}

function logTo(send: Send): PolicyLog {
  const line =
    (level: LogLine['level']) =>
    (fields: object, message: string): void =>
      send({ kind: 'log', level, fields: cloneable(fields), message });
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

/** An error arrives as what a log shows of it: cloning would lose its code, and may not succeed. */
function cloneable(fields: object): object {
  const shown = (value: unknown): unknown => {
    if (!(value instanceof Error)) return value;
    const code = codeOf(value);
    return { type: value.name, ...(code === null ? {} : { code }), message: value.message, stack: value.stack };
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, shown(value)]));
}

function refusalOf(id: number, error: unknown): FromPolicyThread {
  const code = error instanceof CodedError ? String(error.code) : 'internal';
  return { kind: 'refusal', id, code, message: messageOf(error) };
}

if (parentPort !== null) {
  serve(parentPort);
}
