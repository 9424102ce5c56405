/** What `reeve doctor` looks at, in this order. */
export const CHECKS = [
  'configuration',
  'state',
  'sockets',
  'service',
  'daemon',
  'decisions',
  'policy',
  'local files',
  'source',
  'log',
  'clock',
  'clients',
] as const;
export type CheckName = (typeof CHECKS)[number];

/** A fault is something that does not work, or protects nobody; a warning is something that somebody should know. */
export type Severity = 'fault' | 'warning';

/** A finding, as the catalogue has it. */
export interface CatalogueEntry {
  readonly check: CheckName;
  readonly severity: Severity;
  /** What it means; the message of a finding says what was seen. */
  readonly what: string;
  /** What to do next. */
  readonly mend: string;
}

export function fault(check: CheckName, what: string, mend: string): CatalogueEntry {
  return { check, severity: 'fault', what, mend };
}

export function warning(check: CheckName, what: string, mend: string): CatalogueEntry {
  return { check, severity: 'warning', what, mend };
}
