import { isObject, type RuleFields } from '../../policy/rule-shape.ts';
import { withClient } from '../ask-daemon.ts';
import { daemonUnavailable } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { type Output, printable } from '../output.ts';

export const status: Command = {
  path: ['status'],
  summary: 'show what the daemon enforces, and how its source is doing',
  description: 'exit code: 0, 4 no daemon.',
  examples: ['reeve status', 'reeve status --json'],
  async run({ output }, input) {
    const reply = await withClient(input, (client) => client.status());
    if (reply.kind === 'unavailable') throw daemonUnavailable(reply.message);
    output.result(reply.status, () => statusLines(output, reply.status));
    return 0;
  },
};

function statusLines(output: Output, value: RuleFields): readonly string[] {
  const warnings = Array.isArray(value['warnings']) ? value['warnings'].filter(isObject) : [];
  return [
    ...output.pairs([
      ['daemon', `reeve ${shown(value['version'])}, ${value['ready'] === true ? 'ready' : 'not ready'}`],
      ['policy', `revision ${shown(value['revision'])}, generation ${shown(value['generation'])}`],
      ['organisation', shown(value['organisation'])],
      ...bundlePairs(value['bundle']),
      ...sourcePairs(value['source']),
      ...agePairs(value['staleness']),
      ...domainPairs(value['domains']),
      ['preset', shown(value['preset'])],
      ['local files', localFiles(value['local_files'])],
      ...rulesPairs(value['rules']),
    ]),
    ...warnings.map((warning) =>
      printable(`${output.paint('warning:', 'yellow')} ${shown(warning['message'])} (${shown(warning['code'])})`),
    ),
  ];
}

type Pair = readonly [string, string];

function sourcePairs(source: unknown): readonly Pair[] {
  if (!isObject(source)) return [['source', 'none: local files and the preset decide']];
  const pairs: Pair[] = [['source', `${shown(source['type'])}, ${shown(source['state'])}`]];
  pairs.push(['last sync', shown(source['last_success'])], ['next', shown(source['next_attempt'])]);
  const error = source['last_error'];
  if (isObject(error)) {
    pairs.push([
      'last error',
      `${shown(error['message'])} (${shown(error['code'])}, ${shown(error['stage'])}, ${shown(error['at'])})`,
    ]);
  }
  return pairs;
}

/** How old the policy is, and when that begins to cost something. */
function agePairs(staleness: unknown): readonly Pair[] {
  if (!isObject(staleness) || typeof staleness['age_seconds'] !== 'number') return [];
  const next = staleness['next'];
  const then = isObject(next) ? `; ${shown(next['state'])} at ${shown(next['at'])}` : '';
  return [['age', `${durationText(staleness['age_seconds'])}, ${shown(staleness['state'])}${then}`]];
}

function bundlePairs(bundle: unknown): readonly Pair[] {
  if (!isObject(bundle)) return [];
  const pairs: Pair[] = [['issued', `${shown(bundle['issued_at'])}, until ${shown(bundle['expires_at'])}`]];
  const { change } = bundle;
  if (isObject(change)) {
    const words = ['by', 'at', 'reason', 'ticket'].flatMap((name) => {
      const word = change[name];
      return typeof word === 'string' ? [word] : [];
    });
    if (words.length > 0) pairs.push(['change', words.join(', ')]);
  }
  if (typeof bundle['support_message'] === 'string') pairs.push(['support', bundle['support_message']]);
  return pairs;
}

function durationText(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} days`;
}

function domainPairs(domains: unknown): readonly Pair[] {
  if (!isObject(domains)) return [];
  return Object.entries(domains).flatMap(([name, domain]): Pair[] => {
    if (!isObject(domain)) return [];
    const words = [domain['governed'] === true ? 'governed' : 'not governed'];
    if (domain['delegated'] === true) words.push('delegated');
    if (domain['mode'] === 'monitor') words.push('monitored, not enforced');
    if (isObject(domain['closed'])) words.push(`closed: ${shown(domain['closed']['reason'])}`);
    return [[name, words.join(', ')]];
  });
}

function rulesPairs(rules: unknown): readonly Pair[] {
  return isObject(rules) ? [['rules', `${shown(rules['active'])} active, ${shown(rules['inactive'])} inactive`]] : [];
}

function localFiles(files: unknown): string {
  if (!Array.isArray(files) || files.length === 0) return 'none';
  const troubled = files.filter((file) => isObject(file) && file['state'] !== 'active').length;
  return `${files.length}${troubled === 0 ? '' : `, ${troubled} of them with a problem: see \`reeve local ls\``}`;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : 'none';
}
