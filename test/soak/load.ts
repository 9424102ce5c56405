/** The load: a few connections that ask without a pause worth mentioning, each in its own way, at a bounded rate. */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRaw, type Raw } from '../property/reference-rules.ts';
import { connect } from '../support/raw-http.ts';
import type { Chance } from './chance.ts';
import type { Ledger } from './ledger.ts';
import type { Question } from './questions.ts';

export interface Load {
  readonly decide: string;
  readonly admin: string;
  readonly questions: readonly Question[];
  readonly ledger: Ledger;
  readonly chance: Chance;
  readonly stopped: AbortSignal;
}

/** Answers take milliseconds; who waits that long waits for something that will never come. */
const ANSWER_MS = 10_000;
/** So that what a connection leaves behind shows. */
const BURSTS_A_CONNECTION = 400;
const BURST_PAUSE_MS = 25;
const CALL_PAUSE_MS = 12;

function isRunning({ stopped }: Load): boolean {
  return !stopped.aborted;
}

function some({ questions, chance }: Load, most: number): readonly Question[] {
  return Array.from({ length: 1 + chance.below(most) }, () => chance.pick(questions) as Question);
}

/** Lines in bursts, on one connection after the other. */
export async function loadLines(load: Load): Promise<void> {
  while (isRunning(load)) {
    const socket = await connect(load.decide);
    try {
      await talk(socket, load);
    } finally {
      socket.destroy();
    }
  }
}

async function talk(socket: Socket, load: Load): Promise<void> {
  const lines = new LineReader(socket);
  let before = 0;
  for (let burst = 0; burst < BURSTS_A_CONNECTION && isRunning(load); burst += 1) {
    const questions = some(load, 20);
    socket.write(questions.map(({ request }, id) => `${JSON.stringify({ ...request, id })}\n`).join(''));
    let newest = before;
    for (const [id, question] of questions.entries()) {
      const answer = JSON.parse(await lines.next()) as Raw;
      if (answer['id'] !== id) load.ledger.fail(`ndjson: the answer to ${id} says ${String(answer['id'])}`);
      load.ledger.check('ndjson', question, answer);
      const generation = Number(answer['generation'] ?? newest);
      // a line behind one that waits for the disk is decided before it; but what was answered stays
      if (generation < before) load.ledger.fail(`ndjson: generation ${generation} after ${before}`);
      newest = Math.max(newest, generation);
    }
    before = newest;
    await sleep(BURST_PAUSE_MS);
  }
}

class LineReader {
  readonly #socket: Socket;
  #text = '';

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => (this.#text += chunk.toString()));
  }

  async next(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf('\n');
      if (end !== -1) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return line;
      }
      if (this.#socket.readableEnded || this.#socket.destroyed) throw new Error('the connection ended early');
      await once(this.#socket, 'data', { signal: AbortSignal.timeout(ANSWER_MS) });
    }
  }
}

type Call = (load: Load, ask: Ask) => Promise<void>;
type Ask = (socketPath: string, method: 'GET' | 'POST', path: string, body?: unknown) => Promise<unknown>;

/** Everything that HTTP offers, in turn. */
const CALLS: readonly Call[] = [
  async ({ ledger, ...load }, ask) => {
    const [question] = some({ ledger, ...load }, 1);
    if (question !== undefined) {
      ledger.check('http', question, await ask(load.decide, 'POST', '/v1/decide', question.request));
    }
  },
  async (load, ask) => {
    const questions = some(load, 60);
    const body = questions.map(({ request }) => request);
    const answers = await ask(load.decide, 'POST', '/v1/decide', body);
    load.ledger.checkBatch('batch', questions, Array.isArray(answers) ? answers : []);
  },
  async (load, ask) => {
    const [question] = some(load, 1).filter(isEvaluation);
    if (question === undefined) return;
    const evaluation = await ask(load.decide, 'POST', '/access/v1/evaluation', asEvaluation(question));
    load.ledger.check('authzen', question, fromEvaluation(evaluation));
  },
  async (load, ask) => {
    const questions = some(load, 20).filter(isEvaluation);
    if (questions.length === 0) return;
    const reply = await ask(load.decide, 'POST', '/access/v1/evaluations', {
      evaluations: questions.map(asEvaluation),
    });
    const evaluations = isRaw(reply) && Array.isArray(reply['evaluations']) ? reply['evaluations'] : [];
    load.ledger.checkBatch('authzen', questions, evaluations.map(fromEvaluation));
  },
  async (load, ask) => {
    const [question] = some(load, 1);
    if (question === undefined) return;
    const socket = load.chance.yes(0.5) ? load.decide : load.admin;
    const explanation = await ask(socket, 'POST', '/v1/explain', question.request);
    const late = isRaw(explanation) && isRaw(explanation['error']) ? explanation : null;
    load.ledger.check('explain', question, late ?? (isRaw(explanation) ? explanation['answer'] : null));
  },
  async (load, ask) => {
    const status = await ask(load.decide, 'GET', '/v1/status');
    if (isRaw(status)) load.ledger.seen('status', status);
    else load.ledger.fail('status: none');
  },
];

/** Calls one after the other on connections that are kept, and given up now and then. */
export async function loadCalls(load: Load): Promise<void> {
  while (isRunning(load)) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = asker(agent);
    try {
      for (let count = 0; count < BURSTS_A_CONNECTION && isRunning(load); count += 1) {
        await load.chance.pick(CALLS)?.(load, ask);
        await sleep(CALL_PAUSE_MS);
      }
    } finally {
      agent.destroy();
    }
  }
}

function asker(agent: Agent): Ask {
  return (socketPath, method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = { 'Content-Type': 'application/json' };
      const signal = AbortSignal.timeout(ANSWER_MS);
      const call = request({ agent, socketPath, method, path, headers, signal }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.once('end', () => resolve(JSON.parse(text)));
        response.once('error', reject);
      });
      call.once('error', reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

/** AuthZEN asks about one resource: without a name several addresses are several questions. */
function isEvaluation({ request: asked }: Question): boolean {
  return asked['host'] !== undefined || !Array.isArray(asked['ip']) || asked['ip'].length === 1;
}

/** The same question in the words of AuthZEN. */
function asEvaluation({ request: asked }: Question): object {
  const { action, host, ip, port, path, real, recursive } = asked;
  const subject = { type: 'agent', id: 'soak' };
  if (path !== undefined) {
    const properties = { ...(real === undefined ? {} : { real }), ...(recursive === undefined ? {} : { recursive }) };
    return { subject, action: { name: action }, resource: { type: 'filesystem', id: path, properties } };
  }
  const ips = ip === undefined || Array.isArray(ip) ? ip : [ip];
  const [first] = (ips ?? []) as readonly string[];
  const id = host ?? (first?.includes(':') === true ? `[${first}]` : first);
  const properties = { port, ...(ips === undefined || host === undefined ? {} : { ip: ips }) };
  return { subject, action: { name: action }, resource: { type: 'network', id, properties } };
}

function fromEvaluation(evaluation: unknown): unknown {
  if (!isRaw(evaluation)) return null;
  const { decision, context } = evaluation;
  if (!isRaw(context)) return evaluation;
  return { ...context, decision: decision === true ? 'allow' : 'deny' };
}
