import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { ActivationStep } from '../../../src/sources/activate.ts';
import { type Chance, seededChance } from '../../soak/chance.ts';
import {
  call,
  type DaemonProcess,
  type Machine,
  machine,
  startDaemonProcess,
  toHost,
  within,
} from '../../support/daemon-process.ts';
import { exchangeHttp, httpRequest } from '../../support/raw-http.ts';
import { openScope, type Scope } from '../../support/scope.ts';
import { BETWEEN, type Death, environmentOf, STEPS } from './death.ts';
import { expectedOf, type Subject } from './subject.ts';

const PROGRAM = fileURLToPath(new URL('./mortal-daemon.ts', import.meta.url));
/** A step takes some milliseconds where the disk is slow. */
const LONGEST_DELAY_US = 4_000;

export interface KillPlan {
  readonly kills: number;
  /** So many of them between the candidate and the swap, by what was written down. */
  readonly between: number;
  readonly seed: number;
  /** A machine for each of them, one beside the other. */
  readonly subjects: readonly ((scope: Scope) => Promise<Subject>)[];
  readonly onKill?: (kill: Kill) => void;
}

/** One death, and what the next start served. */
export interface Kill {
  /** The last step that the daemon had done; null = none of a new revision. */
  readonly after: ActivationStep | null;
  /** At a step itself, or in the middle of what follows it. */
  readonly how: 'at' | 'behind';
  readonly served: 'old' | 'new';
}

/** Kills daemons until there are as many as planned; each restart is held against what may serve. */
export async function killLoop(plan: KillPlan): Promise<readonly Kill[]> {
  const kills: Kill[] = [];
  const enough = (): boolean =>
    kills.length >= plan.kills &&
    kills.filter(({ after }) => after !== null && BETWEEN.includes(after)).length >= plan.between;
  const lane = async (open: KillPlan['subjects'][number], number: number): Promise<void> => {
    const scope = openScope();
    try {
      const victim = await newVictim(scope, await open(scope), plan.seed + number);
      while (!enough()) {
        const kill = await victim.next();
        kills.push(kill);
        plan.onKill?.(kill);
      }
    } finally {
      await scope.close();
    }
  };
  await Promise.all(plan.subjects.map(lane));
  return kills;
}

interface Victim {
  next(): Promise<Kill>;
}

/** A machine whose daemon dies each time that a revision is published. */
async function newVictim(scope: Scope, subject: Subject, seed: number): Promise<Victim> {
  const place = machine(scope);
  const log = { level: 'info', destination: place.log };
  place.configure({ source: subject.source(place.root), decision_log: { enabled: false }, log });
  const marker = join(place.root, 'marker');
  const chance = seededChance(seed);
  const steps = shuffled(chance);
  const start = async (death: Death): Promise<DaemonProcess> =>
    startDaemonProcess(scope, place, { program: PROGRAM, env: environmentOf(death) });
  let served = 0;
  let death = deathAt(steps(), chance, marker);
  let daemon = await start(death);
  assert.equal(await revisionServed(place, [0]), 0);
  return {
    async next() {
      const [before, dying] = [served, death];
      writeFileSync(marker, '');
      const offered = await subject.publish();
      await killedBySync(place, daemon);
      const after = lastStepIn(marker);
      await subject.withhold();
      death = deathAt(steps(), chance, marker);
      daemon = await start(death);
      served = await revisionServed(place, [before, offered]);
      const how = dying.afterMicroseconds === null ? 'at' : 'behind';
      return judged({ after, how, served: served === before ? 'old' : 'new' });
    },
  };
}

/** The transaction is what decides; only a death in the middle of it may end either way. */
function judged(kill: Kill): Kill {
  const done = kill.after === null ? -1 : STEPS.indexOf(kill.after);
  const decided = STEPS.indexOf('transaction');
  if (done >= decided) assert.equal(kill.served, 'new', `died ${kill.how} ${kill.after ?? 'nothing'}`);
  else if (kill.how === 'at' || done < decided - 1)
    assert.equal(kill.served, 'old', `died ${kill.how} ${kill.after ?? 'nothing'}`);
  return kill;
}

/** Each step in turn, in another order each time. */
function shuffled(chance: Chance): () => ActivationStep {
  let left: ActivationStep[] = [];
  return () => {
    if (left.length === 0) left = [...STEPS, ...BETWEEN, ...BETWEEN];
    const [step] = left.splice(chance.below(left.length), 1);
    return step ?? 'verified';
  };
}

function deathAt(step: ActivationStep, chance: Chance, marker: string): Death {
  return { step, marker, afterMicroseconds: chance.yes(0.5) ? chance.below(LONGEST_DELAY_US) : null };
}

/** The answer to the sync is cut short; a daemon that got away with its life is killed here. */
async function killedBySync({ admin }: Machine, daemon: DaemonProcess): Promise<void> {
  await exchangeHttp(admin, httpRequest('POST', '/v1/sync')).catch(() => []);
  const grace = setTimeout(() => daemon.kill('SIGKILL'), 200);
  const { signal, stderr } = await within(30_000, 'the daemon to die', daemon.ended);
  clearTimeout(grace);
  assert.equal(signal, 'SIGKILL', stderr);
}

function lastStepIn(marker: string): ActivationStep | null {
  const written = readFileSync(marker, 'utf8').trim().split('\n').at(-1);
  return STEPS.find((step) => step === written) ?? null;
}

/** The one of these that all answers agree with, of one generation. */
async function revisionServed({ decide }: Machine, candidates: readonly number[]): Promise<number> {
  for (const candidate of [...new Set(candidates)]) {
    const expected = expectedOf(candidate);
    const { status, json, text } = await call(
      decide,
      'POST /v1/decide',
      Object.keys(expected).map((host) => toHost(host)),
    );
    assert.equal(status, 200, text);
    const answers = json as readonly { readonly decision: string; readonly code: string }[];
    const given = answers.map(({ decision, code }) => `${decision} ${code}`);
    if (isDeepStrictEqual(given, Object.values(expected))) return candidate;
  }
  const { text } = await call(decide, 'GET /v1/status');
  return assert.fail(`revision ${candidates.join(' or ')} should serve, whole, and does not: ${text}`);
}
