import { messageOf } from '../base/coded-error.ts';
import type { Answer } from '../policy/decision.ts';
import type { Explanation } from '../policy/explain.ts';
import { isObject } from '../policy/rule-shape.ts';
import { findSocket, ownSocketLayout } from '../socket/find-socket.ts';
import { denial, readAnswer, unavailable } from './answer.ts';
import { batchesOf } from './batch.ts';
import { Connections } from './connections.ts';
import { callHttp, type HttpOutcome } from './http-call.ts';
import type { Question } from './request.ts';
import { withReal } from './with-real.ts';

/** How to reach the daemon; everything has a default. */
export interface ClientOptions {
  /**
   * Path of the decide socket. Default: the system service's if this machine has one, else this user's own. Neither an
   * environment variable nor the working directory has a say. A path given here is not tested for its owner.
   */
  readonly socket?: string;
  /** Milliseconds after which a question is answered with a denial. Default 2,000. */
  readonly timeout?: number;
  /** The most connections at a time. Default 2; questions are pipelined on each. */
  readonly connections?: number;
  /**
   * Send `real`, the path with its links resolved on this side, with every filesystem question that lacks it.
   * Default true. Resolving blocks for as long as the disk does.
   */
  readonly resolve?: boolean;
}

/** The full account of a decision, or why there is none. */
export type ExplainReply =
  | { readonly kind: 'explained'; readonly explanation: Explanation }
  /** No explanation could be had; `answer` is the denial that `decide` gives in this situation. */
  | { readonly kind: 'unavailable'; readonly answer: Answer };

/** What the daemon says about itself (`GET /v1/status`), or why it says nothing. */
export type StatusReply =
  | { readonly kind: 'status'; readonly status: Readonly<Record<string, unknown>> }
  | { readonly kind: 'unavailable'; readonly message: string };

/** A client of one daemon. Never rejects: what goes wrong is a denial. Close it when done. */
export interface Client {
  /** Asks one question. */
  readonly decide: (question: Question) => Promise<Answer>;
  /** Asks up to 1,000 questions of one generation (more: generations may differ); answers in the same order. */
  readonly decideMany: (questions: readonly Question[]) => Promise<readonly Answer[]>;
  /** Asks why: the rules that match, near misses, each layer's outcome. */
  readonly explain: (question: Question) => Promise<ExplainReply>;
  /** The daemon's status. */
  readonly status: () => Promise<StatusReply>;
  /** Ends all connections; questions still open are denied, and so is every later one. */
  readonly close: () => void;
}

const DEFAULT_TIMEOUT_MS = 2_000;
/** A line over this closes the connection (api, "Newline-delimited JSON"), and takes others with it. */
const MAX_LINE_BYTES = 65_536;
/** How long after a connection a refused connection is taken for a restart. */
const RESTART_MS = 10_000;
const RETRY_MS = 25;

/**
 * Makes a client. Connects when the first question is asked.
 *
 * @example
 * ```ts
 * const reeve = createClient();
 * const answer = await reeve.decide({ action: 'connect:tcp', host: 'api.example.com', port: 443 });
 * if (answer.decision === 'allow') connect();
 * ```
 */
export function createClient(options: ClientOptions = {}): Client {
  return new SocketClient(options);
}

type Prepared =
  | { readonly kind: 'question'; readonly question: Question }
  | { readonly kind: 'answer'; readonly answer: Answer };

class SocketClient implements Client {
  readonly #options: ClientOptions;
  readonly #timeout: number;
  readonly #connections: Connections;
  #closed = false;
  #lastAlive = Number.NEGATIVE_INFINITY;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#timeout = options.timeout ?? DEFAULT_TIMEOUT_MS;
    const most = Math.max(1, options.connections ?? 2);
    this.#connections = new Connections({
      choose: () => findSocket('decide', ownSocketLayout(), options.socket),
      most,
    });
  }

  readonly decide = async (question: Question): Promise<Answer> => {
    const prepared = this.#prepared(question);
    if (prepared.kind === 'answer') return prepared.answer;
    return this.#ask(prepared.question, performance.now() + this.#timeout);
  };

  readonly decideMany = async (questions: readonly Question[]): Promise<readonly Answer[]> => {
    const prepared = questions.map((question) => this.#prepared(question));
    const answers = prepared.map((one) => (one.kind === 'answer' ? one.answer : unavailable('it was not asked')));
    const open = prepared.flatMap((one, index) => (one.kind === 'question' ? [{ index, question: one.question }] : []));
    for (const batch of batchesOf(open)) {
      const outcome = await this.#call(
        'POST',
        '/v1/decide',
        batch.map((one) => one.question),
      );
      const list =
        outcome.kind === 'response' && outcome.status === 200 && Array.isArray(outcome.body) ? outcome.body : null;
      for (const [position, { index, question }] of batch.entries()) {
        answers[index] =
          list?.length === batch.length
            ? readAnswer(list[position], question.action)
            : refusal(outcome, 'it did not answer every question');
      }
    }
    return answers;
  };

  readonly explain = async (question: Question): Promise<ExplainReply> => {
    const prepared = this.#prepared(question);
    if (prepared.kind === 'answer') return { kind: 'unavailable', answer: prepared.answer };
    const outcome = await this.#call('POST', '/v1/explain', prepared.question);
    if (outcome.kind !== 'response' || outcome.status !== 200 || !isObject(outcome.body)) {
      return { kind: 'unavailable', answer: refusal(outcome, 'its explanation is none') };
    }
    const answer = readAnswer(outcome.body['answer'], question.action);
    if (answer.code === 'daemon_unavailable') return { kind: 'unavailable', answer };
    return { kind: 'explained', explanation: { ...outcome.body, answer } as unknown as Explanation };
  };

  readonly status = async (): Promise<StatusReply> => {
    const outcome = await this.#call('GET', '/v1/status');
    if (outcome.kind === 'unavailable') return outcome;
    if (outcome.status === 200 && isObject(outcome.body)) return { kind: 'status', status: outcome.body };
    return { kind: 'unavailable', message: `it answered with HTTP status ${outcome.status}` };
  };

  readonly close = (): void => {
    this.#closed = true;
    this.#connections.close();
  };

  /** Callers need not be typed: what is no question, or no JSON, is denied like everything else that goes wrong. */
  #prepared(question: Question): Prepared {
    try {
      return this.#prepare(question);
    } catch (error) {
      return { kind: 'answer', answer: denial('invalid_request', `the question cannot be sent: ${messageOf(error)}`) };
    }
  }

  #prepare(question: Question): Prepared {
    if (this.#closed) return { kind: 'answer', answer: unavailable('the client is closed') };
    if (!isObject(question)) return { kind: 'answer', answer: denial('invalid_request', 'a question is an object') };
    const resolved = this.#options.resolve === false ? ({ kind: 'question', question } as const) : withReal(question);
    if (resolved.kind === 'unresolvable') {
      return { kind: 'answer', answer: denial('unresolvable_path', resolved.reason) };
    }
    if (Buffer.byteLength(JSON.stringify(resolved.question)) > MAX_LINE_BYTES - 64) {
      return { kind: 'answer', answer: denial('invalid_request', 'the question is larger than 64 KiB') };
    }
    return resolved;
  }

  async #ask(question: Question, deadline: number): Promise<Answer> {
    for (let wait = RETRY_MS; ; wait *= 2) {
      const left = deadline - performance.now();
      if (left <= 0) return unavailable('it did not answer in time');
      const opening = await this.#connections.take(left);
      if (opening.kind === 'open') {
        this.#lastAlive = performance.now();
        const outcome = await opening.connection.ask(question, deadline - performance.now());
        if (outcome.kind === 'line') return readAnswer(outcome.value, question.action);
        if (outcome.kind === 'late') return unavailable('it did not answer in time');
        if (outcome.kind === 'garbage') return unavailable(`it sent ${outcome.message}`);
      } else if (performance.now() - this.#lastAlive > RESTART_MS) return unavailable(opening.message);
      if (this.#closed) return unavailable('the client is closed');
      const pause = Math.min(wait, deadline - performance.now());
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, pause)));
    }
  }

  async #call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<HttpOutcome> {
    if (this.#closed) return { kind: 'unavailable', message: 'the client is closed' };
    const choice = findSocket('decide', ownSocketLayout(), this.#options.socket);
    if (choice.kind === 'refused') return { kind: 'unavailable', message: choice.message };
    return callHttp({ socketPath: choice.path, method, path, body, timeoutMs: this.#timeout });
  }
}

/** The denial for an HTTP outcome that holds no answer. */
function refusal(outcome: HttpOutcome, otherwise: string): Answer {
  if (outcome.kind === 'unavailable') return unavailable(outcome.message);
  const error = isObject(outcome.body) && outcome.status !== 200 ? outcome.body['error'] : undefined;
  return isObject(error) ? readAnswer({ error }, '') : unavailable(otherwise);
}
