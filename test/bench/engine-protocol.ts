import { createScan } from './peers/scan.ts';
import { type GeneratedRule, generateQuestions, generateRules, type Question } from './policy-generator.ts';

/** Something that decides in its own process. */
export interface Engine<Prepared> {
  /** From rules to the first answer. */
  readonly load: (rules: readonly GeneratedRule[]) => Promise<void> | void;
  /** What is done once per question and not measured, such as writing it in the engine's own words. */
  readonly prepare: (question: Question) => Prepared;
  readonly decide: (prepared: Prepared) => Promise<'allow' | 'deny'> | 'allow' | 'deny';
}

export type EngineRequest =
  | { readonly kind: 'load'; readonly rules: number; readonly checks: number }
  | { readonly kind: 'slice'; readonly ms: number };

export interface EngineLoaded {
  readonly loadMs: number;
  /** Questions on which the engine and the scan disagree. */
  readonly wrong: readonly string[];
  readonly failed?: string;
}

export interface EngineSlice {
  readonly decisions: number;
  /** That this thread ran: what others do on the machine meanwhile is not part of it. */
  readonly ms: number;
}

/** One question of each kind: no slice ends on a cheap one. */
const ROUND = 4;

/** Serves the parent's messages from here on. */
export function serveEngine<Prepared>(engine: Engine<Prepared>): void {
  let prepared: readonly Prepared[] = [];
  let next = 0;

  const load = async (count: number, checks: number): Promise<EngineLoaded> => {
    const rules = generateRules(count);
    const questions = generateQuestions(rules);
    const started = performance.now();
    await engine.load(rules);
    await engine.decide(engine.prepare(questions[0] as Question));
    const loadMs = performance.now() - started;
    prepared = questions.map((question) => engine.prepare(question));
    const scan = createScan(rules);
    const wrong: string[] = [];
    for (const [index, question] of questions.slice(0, checks).entries()) {
      const got = await engine.decide(prepared[index] as Prepared);
      if (got !== scan(question.request)) wrong.push(`${got} ${JSON.stringify(question.request)}`);
    }
    return { loadMs, wrong };
  };

  const slice = async (ms: number): Promise<EngineSlice> => {
    const started = performance.now();
    const used = process.threadCpuUsage();
    let decisions = 0;
    let batch = ROUND;
    for (;;) {
      for (let left = batch; left > 0; left -= 1) {
        const verdict = engine.decide(prepared[next] as Prepared);
        if (typeof verdict !== 'string') await verdict;
        next = next + 1 === prepared.length ? 0 : next + 1;
      }
      decisions += batch;
      const spent = performance.now() - started;
      if (spent >= ms) {
        const { user, system } = process.threadCpuUsage(used);
        return { decisions, ms: (user + system) / 1_000 };
      }
      // fast engines must not be charged for the clock
      if (spent < ms / 20) batch = Math.min(batch * 2, 4_096);
    }
  };

  process.on('message', (request: EngineRequest) => {
    const work = request.kind === 'load' ? load(request.rules, request.checks) : slice(request.ms);
    void work
      .catch((error: unknown) => ({ loadMs: 0, wrong: [], failed: String(error) }))
      .then((reply) => process.send?.(reply));
  });
}
