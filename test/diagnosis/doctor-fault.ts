import type { Clinic } from './clinic.ts';

/** What is done to a machine whose daemon runs, and how the doctor has to call it. */
export interface DoctorFault {
  readonly id: string;
  readonly title: string;
  /** `code`, or `code: cause`. */
  readonly finds: string;
  /** Does it; what is given back mends it. */
  readonly does: (clinic: Clinic) => Mend | Promise<Mend>;
}

export type Mend = () => unknown;
