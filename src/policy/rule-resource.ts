import type { Effect } from './decision.ts';
import { type NetworkPattern, readNetworkPattern } from './resource/network-pattern.ts';
import { type HomePattern, type PathPattern, readPathPattern } from './resource/path-pattern.ts';

import type { RuleAuthor, RuleIssue } from './rule-shape.ts';

/** One resource of a rule, read. `inert` matches nothing here (another platform's path, a variable in an allow). */
export type RuleResource =
  | { readonly kind: 'network'; readonly text: string; readonly pattern: NetworkPattern }
  | { readonly kind: 'path'; readonly text: string; readonly pattern: PathPattern; readonly anyHome: boolean }
  | { readonly kind: 'inert'; readonly text: string; readonly cause: string };

export interface ResourceReading {
  /** null = cannot be evaluated. */
  readonly resource: RuleResource | null;
  readonly issues: readonly RuleIssue[];
}

const NO_ISSUES: readonly RuleIssue[] = [];

export function readNetworkResource(text: string): ResourceReading {
  const reading = readNetworkPattern(text);
  if (reading.kind === 'invalid') {
    return { resource: null, issues: [{ refused: true, resource: text, message: reading.message }] };
  }
  return { resource: { kind: 'network', text, pattern: reading.pattern }, issues: warned(text, reading.warnings) };
}

export function readPathResource(text: string, effect: Effect, author: RuleAuthor): ResourceReading {
  const reading = readPathPattern(text);
  switch (reading.kind) {
    case 'pattern': {
      const issues = warned(text, reading.warnings);
      return { resource: { kind: 'path', text, pattern: reading.pattern, anyHome: false }, issues };
    }
    case 'foreign':
      // Another platform's dialect is valid, and matches nothing here.
      return { resource: { kind: 'inert', text, cause: reading.message }, issues: NO_ISSUES };
    case 'invalid':
      return { resource: null, issues: [{ refused: true, resource: text, message: reading.message }] };
    case 'variable': {
      const issues = [{ refused: true, resource: text, message: reading.message }];
      if (author === 'local') return { resource: null, issues };
      if (effect === 'allow') return { resource: { kind: 'inert', text, cause: reading.message }, issues };
      return { resource: reading.countsAs === null ? null : homeDeny(text, reading.countsAs), issues };
    }
  }
}

function warned(resource: string, warnings: readonly string[]): readonly RuleIssue[] {
  return warnings.length === 0 ? NO_ISSUES : warnings.map((message) => ({ refused: false, resource, message }));
}

/** Paths 6: from an org a deny on `$HOME` counts as `~`, one on `~other` as a `~` deny of an unknown peer. */
function homeDeny(text: string, { text: below, anyHome }: HomePattern): RuleResource | null {
  const reading = readPathPattern(below);
  return reading.kind === 'pattern' ? { kind: 'path', text, pattern: reading.pattern, anyHome } : null;
}
