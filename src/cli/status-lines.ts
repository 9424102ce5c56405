import type { DaemonState } from '../daemon/status/status-state.ts';
import { isObject, type RuleFields } from '../policy/rule-shape.ts';
import { type Colour, type Output, printable } from './output.ts';
import { momentText, spanText } from './time-text.ts';

type Pair = readonly [string, string];

/** What each state means, for somebody who has not read the manual. */
export const STATES: Readonly<Record<DaemonState, { readonly colour: Colour; readonly words: string }>> = {
  healthy: { colour: 'green', words: 'everything works' },
  degraded: {
    colour: 'yellow',
    words: 'decisions are made, and something beside them does not work: see the warnings',
  },
  offline: { colour: 'yellow', words: 'the policy source cannot be asked; the last policy is fresh and serves' },
  not_accepted: {
    colour: 'yellow',
    words: 'the policy source answers, and what it offers is not taken up: see the last error; the last policy serves',
  },
  stale: { colour: 'yellow', words: 'nothing has confirmed the policy for too long, and it has begun to lose trust' },
  blocked: { colour: 'red', words: 'what is closed below is denied, whatever the rules say' },
  not_ready: { colour: 'red', words: 'there is no policy to decide by, and everything is denied' },
};

/** The status for a person. `now`: milliseconds since the epoch. */
export function statusLines(output: Output, value: RuleFields, now: number): readonly string[] {
  return [
    stateLine(output, value),
    ...output.pairs([
      ['governed by', governedBy(value)],
      ['policy', `revision ${shown(value['revision'])}, generation ${shown(value['generation'])}`],
      ...bundlePairs(value['bundle'], now),
      ...agePairs(value['staleness'], now),
      ...sourcePairs(value['source'], now),
      ...domainPairs(value['domains']),
      ['preset', shown(value['preset'])],
      ...rulesPairs(value['rules']),
      ['local files', localFiles(value['local_files'])],
      ...logPairs(value['decision_log']),
    ]),
    ...warningLines(output, value['warnings']),
  ];
}

function stateLine(output: Output, value: RuleFields): string {
  const { state: told } = value;
  const state = typeof told === 'string' ? told : value['ready'] === true ? 'ready' : 'not ready';
  // an older or a newer daemon may say something else
  const known = Object.hasOwn(STATES, state) ? STATES[state as DaemonState] : undefined;
  const words = known === undefined ? '' : `: ${known.words}`;
  return `reeve ${printable(shown(value['version']))}, ${output.paint(printable(state), known?.colour ?? 'bold')}${words}`;
}

function governedBy(value: RuleFields): string {
  const { organisation, source } = value;
  if (typeof organisation !== 'string') return 'nobody: local files and the preset decide';
  if (!isObject(source)) return `${organisation}, without a source: nothing new arrives`;
  const location = typeof source['location'] === 'string' ? ` at ${source['location']}` : '';
  return `${organisation}, by its ${shown(source['type'])} source${location}`;
}

function sourcePairs(source: unknown, now: number): readonly Pair[] {
  if (!isObject(source)) return [];
  const { last_success: success, next_attempt: next, last_error: error } = source;
  const pairs: Pair[] = [
    ['source', shown(source['state'])],
    ['last sync', moment(success, now, 'never')],
    ['next poll', moment(next, now, 'under way')],
  ];
  if (isObject(error)) {
    const { message, code, stage, at } = error;
    pairs.push(['last error', `${shown(message)} (${shown(code)}, ${shown(stage)}), ${moment(at, now, '')}`]);
  }
  return pairs;
}

/** How old the policy is, and when that begins to cost something. */
function agePairs(staleness: unknown, now: number): readonly Pair[] {
  if (!isObject(staleness) || typeof staleness['age_seconds'] !== 'number') return [];
  const next = staleness['next'];
  const then = isObject(next) ? `; ${shown(next['state'])} ${moment(next['at'], now, '')}` : '';
  return [['age', `${spanText(staleness['age_seconds'])}, ${shown(staleness['state'])}${then}`]];
}

function bundlePairs(bundle: unknown, now: number): readonly Pair[] {
  if (!isObject(bundle)) return [];
  const pairs: Pair[] = [
    ['issued', moment(bundle['issued_at'], now, '')],
    ['ends', moment(bundle['expires_at'], now, '')],
  ];
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

function domainPairs(domains: unknown): readonly Pair[] {
  if (!isObject(domains)) return [];
  return Object.entries(domains).flatMap(([name, domain]): Pair[] => {
    if (!isObject(domain)) return [];
    const words = [domain['governed'] === true ? 'governed' : 'not governed'];
    if (domain['delegated'] === true) words.push('delegated');
    words.push(domain['mode'] === 'monitor' ? 'monitored, not enforced' : 'enforced');
    if (isObject(domain['closed'])) {
      words.push(`closed: ${shown(domain['closed']['reason'])} (${shown(domain['closed']['code'])})`);
    }
    return [[name, words.join(', ')]];
  });
}

function rulesPairs(rules: unknown): readonly Pair[] {
  if (!isObject(rules)) return [];
  const counted = (of: RuleFields): string => `${shown(of['active'])} in force, ${shown(of['inactive'])} inert`;
  const pairs: Pair[] = [['rules', counted(rules)]];
  const { local } = rules;
  if (isObject(local)) {
    const why = local['inactive'] === 0 ? '' : ': see `reeve rules ls --include-inactive`';
    pairs.push(['local rules', `${counted(local)}${why}`]);
  }
  return pairs;
}

function localFiles(files: unknown): string {
  if (!Array.isArray(files) || files.length === 0) return 'none';
  const troubled = files.filter((file) => isObject(file) && file['state'] !== 'active').length;
  return `${files.length}${troubled === 0 ? '' : `, ${troubled} of them with a problem: see \`reeve local ls\``}`;
}

function logPairs(log: unknown): readonly Pair[] {
  if (!isObject(log)) return [['decisions', 'not kept']];
  const missing = Number(log['dropped']) + Number(log['lost']);
  return [['decisions', `${shown(log['recorded'])} made${missing > 0 ? `, ${missing} of them not kept` : ''}`]];
}

function warningLines(output: Output, warnings: unknown): readonly string[] {
  if (!Array.isArray(warnings)) return [];
  return warnings.filter(isObject).flatMap(({ code, severity, message, remedy }) => {
    const label = severity === 'notice' ? output.paint('notice:', 'dim') : output.paint('warning:', 'yellow');
    const line = `${label} ${printable(`${shown(message)} (${shown(code)})`)}`;
    return typeof remedy === 'string' ? [line, `  ${output.paint('do:', 'dim')} ${printable(remedy)}`] : [line];
  });
}

function moment(value: unknown, now: number, absent: string): string {
  return typeof value === 'string' ? momentText(value, now) : absent;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : 'none';
}
