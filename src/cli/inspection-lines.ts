import type { BundleFacts, MetadataFacts } from '../publisher/inspect-file.ts';
import { counted } from './ask-daemon.ts';
import type { Output } from './output.ts';
import { shortId } from './root-lines.ts';

/** A line holds some of thousands. */
const MOST_RESOURCES = 6;

export function metadataLines(output: Output, facts: MetadataFacts): readonly string[] {
  const { type, version, expires, signed_by: ids, rows } = facts;
  return output.pairs([
    ['metadata', `${type}, version ${version}`],
    ['expires', expires],
    ['signed by', ids.length === 0 ? 'nobody' : ids.map(shortId).join(' ')],
    ...rows.map(({ name, what }) => [name, what] as const),
  ]);
}

export function bundleLines(
  output: Output,
  { org, revision, members, tests, policies }: BundleFacts,
): readonly string[] {
  const rules = policies.flatMap(({ name, rules: own }) =>
    own.map(({ name: rule, id, decision, actions, resources }) => [
      name,
      rule || id,
      decision,
      actions.join(','),
      listText(resources),
    ]),
  );
  return [
    ...output.pairs([
      ['bundle', `revision ${revision} of ${org}`],
      ...Object.entries(members).map(([name, value]) => [name, valueText(value)] as const),
      ['tests', String(tests)],
    ]),
    ...(policies.length === 0
      ? ['no policies']
      : output.table(
          ['POLICY', 'ID', 'TEAMS', 'STATUS', 'RULES'],
          policies.map(({ name, id, teams, status, rules: own }) => [
            ...[name, id, teams.length === 0 ? 'everybody' : teams.join(','), status, counted(own.length, 'rule')],
          ]),
        )),
    ...(rules.length === 0 ? [] : output.table(['POLICY', 'RULE', 'DECISION', 'ACTIONS', 'RESOURCES'], rules)),
  ];
}

function listText(resources: readonly string[]): string {
  const more = resources.length - MOST_RESOURCES;
  return [...resources.slice(0, MOST_RESOURCES), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(valueText).join(', ');
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return Object.entries(value)
    .map(([name, inner]) => `${name} ${valueText(inner)}`)
    .join(', ');
}
