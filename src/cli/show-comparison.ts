import type { ValueChange } from '../policy/diff/changed-values.ts';
import type { BundleComparison } from '../policy/diff/compare-bundles.ts';
import type { PolicyDifference } from '../policy/diff/compare-policies.ts';
import type { RuleDifference, ShownRule } from '../policy/diff/compare-rules.ts';
import { counted } from './ask-daemon.ts';
import { type Colour, type Output, printable } from './output.ts';

/** A rule may hold thousands of resources; a line holds some. */
const MOST_RESOURCES = 6;
/** A value of any size may stand in a policy. */
const MOST_CHARACTERS = 200;

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;
const COLOURS = { added: 'green', removed: 'red', changed: 'yellow' } as const satisfies Record<string, Colour>;

/** What two bundles say differently, for a person: a sign, then what came (+), went (-) or changed (~). */
export function comparisonLines(output: Output, { terms, policies }: BundleComparison): readonly string[] {
  return [
    ...terms.map((change) => signed(output, 'changed', valueText(change))),
    ...policies.flatMap((policy) => policyLines(output, policy)),
  ];
}

function policyLines(output: Output, policy: PolicyDifference): readonly string[] {
  const head = `policy \`${policy.name}\`${policy.name === policy.id ? '' : ` (${policy.id})`}`;
  if (policy.kind !== 'changed') {
    const rules = policy.rules.map((rule) => `  ${signed(output, policy.kind, ruleText(rule))}`);
    return [signed(output, policy.kind, `${head}: ${counted(policy.rules.length, 'rule')}`), ...rules];
  }
  return [
    signed(output, 'changed', `${head}${changeText(policy.change)}`),
    ...policy.members.map((change) => `  ${signed(output, 'changed', valueText(change))}`),
    ...policy.rules.flatMap((rule) => ruleLines(output, rule).map((line) => `  ${line}`)),
  ];
}

/** `name: before → after`; nothing is `none`. */
export function valueText({ name, before, after }: ValueChange): string {
  return `${name}: ${shortValue(before)} → ${shortValue(after)}`;
}

function ruleLines(output: Output, difference: RuleDifference): readonly string[] {
  if (difference.kind !== 'changed') return [signed(output, difference.kind, ruleText(difference.rule))];
  const { rule, members, resources } = difference;
  return [
    signed(output, 'changed', `${rule.name || rule.id}: ${rule.decision} ${rule.actions.join(',')}`),
    ...members.map((change) => `  ${signed(output, 'changed', valueText(change))}`),
    ...(['added', 'removed'] as const).flatMap((kind) =>
      resources[kind].length === 0 ? [] : [`  ${signed(output, kind, listText(resources[kind]))}`],
    ),
  ];
}

function ruleText({ id, name, decision, actions, resources }: ShownRule): string {
  return `${name || id}: ${decision} ${actions.join(',')} ${listText(resources)}`;
}

function listText(resources: readonly string[]): string {
  const more = resources.length - MOST_RESOURCES;
  return [...resources.slice(0, MOST_RESOURCES), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

function changeText({
  at,
  by,
  reason,
}: {
  readonly at?: string;
  readonly by?: string;
  readonly reason?: string;
}): string {
  const parts = [at ?? '', by === undefined ? '' : `by ${by}`, reason ?? ''].filter((part) => part !== '');
  return parts.length === 0 ? '' : `, changed ${parts.join(', ')}`;
}

function shortValue(value: unknown): string {
  const text = Array.isArray(value) ? value.map(plainText).join(', ') : plainText(value);
  if (text === '') return 'none';
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS).toWellFormed()}…`;
}

function plainText(value: unknown): string {
  if (value === null) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function signed(output: Output, kind: keyof typeof SIGNS, text: string): string {
  return `${output.paint(SIGNS[kind], COLOURS[kind])} ${printable(text)}`;
}
