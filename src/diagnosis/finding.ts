import { CATALOGUE, type FindingCode } from './catalogue.ts';
import type { CheckName, Severity } from './catalogue-entry.ts';

/** One thing that is wrong, or worth knowing. */
export interface Finding {
  /** Of the catalogue; stable. */
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly check: CheckName;
  /** What was seen, for a person. */
  readonly message: string;
  /** What to do next. */
  readonly mend: string;
  /** A code from further down: of a failed sync, of a closed domain. null = there is none, or it is the same. */
  readonly cause: string | null;
}

/** What one check came to. */
export type Verdict =
  /** `says`: what was looked at and found in order, whatever else there is. */
  | { readonly kind: 'examined'; readonly says: string; readonly findings: readonly Finding[] }
  /** It could not be looked at, and nothing is known. */
  | { readonly kind: 'skipped'; readonly why: string };

export interface FindingOptions {
  /** Where the catalogue's advice is not exact enough. */
  readonly mend?: string;
  readonly cause?: string;
  /** Where another check than the catalogue's came upon it. */
  readonly check?: CheckName;
}

export function found(code: FindingCode, message: string, options: FindingOptions = {}): Finding {
  const { check, severity, mend } = CATALOGUE[code];
  return {
    code,
    severity,
    check: options.check ?? check,
    message,
    mend: options.mend ?? mend,
    cause: options.cause === code ? null : (options.cause ?? null),
  };
}

export function examined(says: string, findings: readonly Finding[] = []): Verdict {
  return { kind: 'examined', says, findings };
}

export function skipped(why: string): Verdict {
  return { kind: 'skipped', why };
}
