import { MACHINE_FINDINGS } from './machine-findings.ts';
import { POLICY_FINDINGS } from './policy-findings.ts';

/** Every finding there is, by its stable code; docs/doctor.md is made of it. */
export const CATALOGUE = { ...MACHINE_FINDINGS, ...POLICY_FINDINGS } as const;

export type FindingCode = keyof typeof CATALOGUE;
