/** Every answer of the soak, held against the reference evaluator at the revision that it names. */
import { prepareReference, type ReferenceAnswer } from '../property/reference.ts';
import { isRaw, type Raw } from '../property/reference-rules.ts';
import { difference } from '../property/subject.ts';
import type { State } from './organisation.ts';
import type { Question } from './questions.ts';

export interface Counts {
  /** By how they were asked. */
  readonly checked: Record<Channel, number>;
  readonly allowed: number;
  /** Said to be too late, or too much: a denial whatever the policy says. */
  readonly late: number;
  readonly generations: number;
  readonly revisions: number;
  readonly failures: readonly string[];
}

export type Channel = 'ndjson' | 'http' | 'batch' | 'authzen' | 'explain' | 'status';

interface Held {
  readonly question: Question;
  readonly answer: Raw;
  readonly channel: Channel;
  readonly since: number;
}

/** What is read back right after it was written is a little later known here than in the daemon. */
const PATIENCE_MS = 10_000;
/** Answers come at once: what was long replaced is asked about no more. */
const KEPT_STATES = 120;
const MAX_FAILURES = 5;
/** How the local files' rules are called here and there. */
const LOCAL_FILE = 'soak.yaml';

export class Ledger {
  readonly #local: readonly Raw[];
  readonly #states = new Map<string, (question: Question) => ReferenceAnswer>();
  readonly #revisionOf = new Map<number, string>();
  readonly #revisions = new Set<string>();
  readonly #checked: Record<Channel, number> = { ndjson: 0, http: 0, batch: 0, authzen: 0, explain: 0, status: 0 };
  readonly #failures: string[] = [];
  #held: Held[] = [];
  #late = 0;
  #allowed = 0;

  constructor(local: readonly Raw[]) {
    this.#local = local;
  }

  get counts(): Counts {
    return {
      checked: { ...this.#checked },
      allowed: this.#allowed,
      late: this.#late,
      generations: this.#revisionOf.size,
      revisions: this.#revisions.size,
      failures: this.#failures,
    };
  }

  /** A state that answers may now name. */
  learn({ revision, policies }: State): void {
    const reference = prepareReference({ policies, local: this.#local, now: new Date().toISOString() });
    const known = new Map<Question, ReferenceAnswer>();
    this.#states.set(revision, (question) => {
      const found = known.get(question) ?? reference(question.reference);
      known.set(question, found);
      return found;
    });
    const [oldest] = this.#states.keys();
    if (this.#states.size > KEPT_STATES && oldest !== undefined) this.#states.delete(oldest);
    const held = this.#held;
    this.#held = [];
    for (const { question, answer, channel, since } of held) this.#judge({ question, answer, channel, since });
  }

  /** One answer; a batch is several of them that must be of one generation. */
  check(channel: Channel, question: Question, answer: unknown): void {
    if (!isRaw(answer)) this.fail(`${channel}: no answer to ${JSON.stringify(question.request)}`);
    else if (isLate(question, answer)) this.#late += 1;
    else if (this.seen(channel, answer)) this.#judge({ question, answer, channel, since: performance.now() });
  }

  checkBatch(channel: Channel, questions: readonly Question[], answers: readonly unknown[]): void {
    if (answers.length !== questions.length) {
      this.fail(`${channel}: ${answers.length} answers to ${questions.length} questions`);
    }
    const decided = answers.filter(isRaw).filter((answer) => answer['generation'] !== undefined);
    const generations = new Set(
      decided.map((answer) => `${String(answer['generation'])} ${String(answer['revision'])}`),
    );
    if (generations.size > 1) this.fail(`${channel}: a batch of the generations ${[...generations].join(' and ')}`);
    for (const [at, question] of questions.entries()) this.check(channel, question, answers[at]);
  }

  /** Whether a generation keeps to one revision; `status` says both as well. */
  seen(channel: Channel, { generation, revision }: Raw): boolean {
    if (typeof generation !== 'number' || typeof revision !== 'string') {
      this.fail(`${channel}: an answer without generation and revision`);
      return false;
    }
    const known = this.#revisionOf.get(generation) ?? revision;
    if (known !== revision) this.fail(`${channel}: generation ${generation} is ${known} and ${revision}`);
    this.#revisionOf.set(generation, revision);
    this.#revisions.add(revision);
    if (channel === 'status') this.#checked.status += 1;
    return true;
  }

  fail(message: string): void {
    if (this.#failures.length < MAX_FAILURES) this.#failures.push(message);
  }

  /** What still waits for its revision to be known, after all this time. */
  close(): void {
    for (const { channel, answer } of this.#held) {
      this.fail(`${channel}: nobody wrote revision ${String(answer['revision'])}`);
    }
    this.#held = [];
  }

  #judge(held: Held): void {
    const { question, answer, channel, since } = held;
    const reference = this.#states.get(String(answer['revision']));
    if (reference === undefined) {
      if (performance.now() - since < PATIENCE_MS) this.#held.push(held);
      else this.fail(`${channel}: nobody wrote revision ${String(answer['revision'])}`);
      return;
    }
    this.#checked[channel] += 1;
    if (answer['decision'] === 'allow') this.#allowed += 1;
    const wrong = this.#difference(question, answer, reference);
    if (wrong === null) return;
    const asked = JSON.stringify(question.request);
    this.fail(`${channel}: ${wrong}\n  asked    ${asked}\n  answered ${JSON.stringify(answer)}`);
  }

  #difference(question: Question, answer: Raw, reference: (question: Question) => ReferenceAnswer): string | null {
    if (question.reference === null) {
      return answer['code'] === 'unresolvable_path' ? null : `${String(answer['code'])} where nothing can be opened`;
    }
    return difference({ request: question.reference }, asReferred(answer), reference(question));
  }
}

/** The reference calls every local file `local`. */
function asReferred(answer: Raw): Raw {
  const { rule } = answer;
  return isRaw(rule) && rule['policy'] === LOCAL_FILE ? { ...answer, rule: { ...rule, policy: 'local' } } : answer;
}

/** A busy machine may be too slow to look at its disk: that is denied, and says so. */
function isLate(question: Question, answer: Raw): boolean {
  const error = isRaw(answer['error']) ? answer['error']['code'] : undefined;
  const code = answer['code'] ?? error;
  if (code === 'overloaded') return answer['decision'] !== 'allow';
  return code === 'unresolvable_path' && question.kind === 'resolved' && question.reference !== null;
}
