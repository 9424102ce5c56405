import type { RecordType } from '../../audit/record-text.ts';
import { FILESYSTEM_ACTIONS, NETWORK_ACTIONS } from '../../policy/action.ts';
import { isObject, type RuleFields } from '../../policy/rule-shape.ts';
import { callAdmin, refusedCall } from '../ask-daemon.ts';
import { CliError } from '../cli-error.ts';
import { type CliContext, type Command, type CommandInput, flag, textOption } from '../command.ts';
import { LOG_HEADS, logLine, logRow } from '../log-rows.ts';

const FILTERS = ['decision', 'code', 'action', 'host', 'path', 'contains', 'policy', 'rule', 'type'] as const;
const DEFAULT_RECORDS = 50;
const MOST_RECORDS = 100_000;
/** As many as one answer holds. */
const PORTION = 1_000;
const FOLLOW_MS = 1_000;
const DURATION = /^([1-9]\d{0,8})([smhd])$/;
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const ACTIONS = [...NETWORK_ACTIONS, ...FILESYSTEM_ACTIONS];
const TYPES: readonly RecordType[] = ['decision', 'event', 'gap', 'begin', 'start', 'stop'];

export const log: Command = {
  path: ['log'],
  summary: 'show the decisions that the daemon made',
  description:
    'asks the admin socket; the newest records, in the order of time. a `gap` is shown whatever is searched for: it counts ' +
    'decisions that are not in the log. an `event` is what happened to the policy itself: an activation, a reset. exit code: 0, 1 it cannot be read, 4 no daemon.',
  options: [
    { flags: '--since <time>', description: '`2026-01-31T12:00:00Z`, or `90s`, `15m`, `2h`, `7d` ago' },
    { flags: '--until <time>', description: 'the same, for the end' },
    { flags: '--decision <decision>', description: 'allow or deny', choices: ['allow', 'deny'] },
    { flags: '--code <code>', description: 'decision code, such as org_deny' },
    { flags: '--action <action>', description: 'connect:tcp, connect:udp, read or write', choices: ACTIONS },
    { flags: '--host <host>', description: 'exactly this host, or address where no host was named' },
    { flags: '--path <path>', description: 'exactly this path' },
    { flags: '--contains <text>', description: 'part of a host or a path' },
    { flags: '--uid <uid>', description: 'user id of the process that asked' },
    { flags: '--policy <id>', description: 'policy, local file or preset of the rule that decided' },
    { flags: '--rule <id>', description: 'the rule that decided' },
    { flags: '--type <type>', description: `${TYPES.slice(0, -1).join(', ')} or ${TYPES.at(-1)}`, choices: TYPES },
    { flags: '--limit <count>', description: `how many records; ${DEFAULT_RECORDS} without it` },
    { flags: '--follow', description: 'go on with what is written from now on, until interrupted' },
  ],
  examples: [
    'reeve log',
    'reeve log --decision deny --since 2h',
    'reeve log --contains example.com --json',
    'reeve log --follow --limit 10',
  ],
  async run(context, input) {
    const query = queryOf(input);
    const limit = limitOf(input);
    const first = await newest(input, query, limit);
    if (flag(input, 'follow')) return follow(context, input, { query, ...first });
    const { output } = context;
    output.result({ records: first.records }, () =>
      first.records.length === 0 ? ['no records'] : output.table(LOG_HEADS, first.records.map(logRow)),
    );
    return 0;
  },
};

interface Found {
  /** Oldest first. */
  readonly records: readonly RuleFields[];
  /** The last record that was written when this was asked. */
  readonly head: number;
}

async function newest(input: CommandInput, query: RuleFields, limit: number): Promise<Found> {
  const records: RuleFields[] = [];
  let head = 0;
  let before: unknown;
  do {
    const portion = Math.min(PORTION, limit - records.length);
    const body = await asked(input, { ...query, limit: portion, ...(before === undefined ? {} : { before }) });
    // what is written while we look is for `--follow`
    if (before === undefined && isObject(body['head'])) head = Number(body['head']['id']);
    records.push(...recordsIn(body));
    before = body['next'] ?? undefined;
  } while (before !== undefined && records.length < limit);
  return { records: records.toReversed(), head };
}

async function follow(
  { output, stopped }: CliContext,
  input: CommandInput,
  { query, records, head }: Found & { readonly query: RuleFields },
): Promise<0> {
  const show = (found: readonly RuleFields[]): void => {
    const lines = found.map((record) => (output.json ? JSON.stringify(record) : logLine(record)));
    if (lines.length > 0) output.stdout.write(`${lines.join('\n')}\n`);
  };
  show(records);
  const stop = stopped().then(() => null);
  for (let after = head; ; ) {
    const body = await Promise.race([stop, asked(input, { ...query, after, limit: PORTION })]);
    if (body === null) return 0;
    show(recordsIn(body));
    const last = Number(body['last']);
    const [more, pause] = [last > after, new AbortController()];
    after = Math.max(after, last);
    if (more) continue;
    const ended = await Promise.race([stop, sleep(FOLLOW_MS, pause.signal)]);
    pause.abort();
    if (ended === null) return 0;
  }
}

async function asked(input: CommandInput, query: RuleFields): Promise<RuleFields> {
  const response = await callAdmin(input, { method: 'GET', path: '/v1/log', body: query });
  if (response.status !== 200 || !isObject(response.body)) throw refusedCall(response);
  return response.body;
}

function recordsIn(body: RuleFields): readonly RuleFields[] {
  return Array.isArray(body['records']) ? body['records'].filter(isObject) : [];
}

function sleep(ms: number, signal: AbortSignal): Promise<'slept'> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('slept'), ms);
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
}

function queryOf(input: CommandInput): RuleFields {
  const query: Record<string, unknown> = {};
  for (const name of FILTERS) {
    const value = textOption(input, name);
    if (value !== undefined) query[name] = value;
  }
  const uid = textOption(input, 'uid');
  if (uid !== undefined) query['uid'] = wholeNumber('--uid', uid);
  for (const name of ['since', 'until'] as const) {
    const time = textOption(input, name);
    if (time !== undefined) query[name] = timeOf(time);
  }
  return query;
}

function limitOf(input: CommandInput): number {
  const given = textOption(input, 'limit');
  const limit = given === undefined ? DEFAULT_RECORDS : wholeNumber('--limit', given);
  if (limit >= 1 && limit <= MOST_RECORDS) return limit;
  throw new CliError('usage', `--limit must be from 1 to ${MOST_RECORDS}`);
}

function wholeNumber(option: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new CliError('usage', `${option} must be a whole number`);
}

/** A time as it is, or so long ago. */
function timeOf(text: string): string {
  const [, count, unit] = DURATION.exec(text) ?? [];
  if (count === undefined) return text;
  return new Date(Date.now() - Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]).toISOString();
}
