import type { Domain } from '../policy/action.ts';
import { isNarrowPath } from '../policy/resource/narrow-path.ts';
import { isNarrowNetwork, readNetworkPattern } from '../policy/resource/network-pattern.ts';
import { literalPrefix, pathPatternText, readPathPattern, withPrefix } from '../policy/resource/path-pattern.ts';
import { type ReadRule, readRule } from '../policy/rule.ts';
import { resolveLiteralPrefix } from '../realpath/literal-prefix.ts';

/** A rule as `reeve local add` writes it. */
export interface NewRule {
  readonly id: string;
  readonly name?: string;
  readonly decision: 'allow' | 'deny';
  readonly actions?: readonly string[];
  readonly resources: readonly string[];
}

/** The rule with the resolved form of every path beside the written one (semantics, Paths 7). */
export function withResolvedForms(rule: NewRule): NewRule {
  const resources = rule.resources.flatMap((text) => {
    const resolved = resolvedForm(text);
    return resolved === null || rule.resources.includes(resolved) ? [text] : [text, resolved];
  });
  return { ...rule, resources: [...new Set(resources)] };
}

function resolvedForm(text: string): string | null {
  if (!text.startsWith('/')) return null;
  const reading = readPathPattern(text);
  const prefix = reading.kind === 'pattern' ? literalPrefix(reading.pattern) : null;
  const led = prefix === null ? null : resolveLiteralPrefix(prefix);
  if (reading.kind !== 'pattern' || prefix === null || led === null) return null;
  return pathPatternText(withPrefix(reading.pattern, prefix, led.resolved));
}

/** The rule as the daemon will read it, or null where it could not. */
export function readNewRule(rule: NewRule): ReadRule | null {
  const reading = readRule(rule, 'local', 0);
  return reading.kind === 'rule' ? reading.rule : null;
}

/** The resource that keeps an allow from granting in a delegated domain, or null (semantics, 5 "narrow"). */
export function wideResource(domain: Domain, resources: readonly string[]): string | null {
  const narrow = (text: string): boolean => {
    if (domain === 'network') {
      const reading = readNetworkPattern(text);
      return reading.kind === 'pattern' && isNarrowNetwork(reading.pattern);
    }
    const reading = readPathPattern(text);
    return reading.kind === 'pattern' && isNarrowPath(reading.pattern);
  };
  return resources.find((text) => !narrow(text)) ?? null;
}

/** A file name for a rule: what it does and to what, in letters that need no quoting. */
export function fileStem(rule: { readonly decision: string; readonly resources: readonly string[] }): string {
  const [first = ''] = rule.resources;
  const words = first
    .toLowerCase()
    .replaceAll(/\*+/g, 'all')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return `${rule.decision}-${words.slice(0, 60) || 'rule'}`;
}
