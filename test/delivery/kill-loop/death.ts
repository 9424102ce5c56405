import type { ActivationStep } from '../../../src/sources/activate.ts';

/** When a daemon is to die: at a step of its next activation, or so long after it. */
export interface Death {
  readonly step: ActivationStep;
  /** null: at once, before anything else happens. */
  readonly afterMicroseconds: number | null;
  /** A file that gets a line for each step. */
  readonly marker: string;
}

export const STEPS: readonly ActivationStep[] = [
  'verified',
  'candidate_stored',
  'compiled',
  'mark_next',
  'transaction',
  'mark_active',
  'swapped',
];

/** What it has done when it died lies between the candidate and the swap. */
export const BETWEEN: readonly ActivationStep[] = STEPS.slice(1, -1);

type Environment = Readonly<Record<string, string | undefined>>;

export function environmentOf({ step, afterMicroseconds, marker }: Death): Readonly<Record<string, string>> {
  return {
    DEATH_STEP: step,
    DEATH_AFTER: afterMicroseconds === null ? '' : `${afterMicroseconds}`,
    DEATH_MARKER: marker,
  };
}

export function readDeath(environment: Environment): Death {
  const { DEATH_STEP: name, DEATH_AFTER: after = '', DEATH_MARKER: marker = '' } = environment;
  const step = STEPS.find((known) => known === name);
  if (step === undefined || marker === '') throw new Error('nobody said when to die');
  return { step, afterMicroseconds: after === '' ? null : Number(after), marker };
}
