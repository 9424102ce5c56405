import { join } from 'node:path';
import { messageOf } from '../../base/coded-error.ts';
import type { DaemonConfig } from '../../daemon/config/daemon-config.ts';
import type { ReviewedBundle } from '../../daemon/policy/policy-review.ts';
import { compareBundles, isSame } from '../../policy/diff/compare-bundles.ts';
import type { Database } from '../../store/database.ts';
import type { BundleShelf } from '../bundle-reference.ts';
import { changeLines } from '../change-text.ts';
import { CliError } from '../cli-error.ts';
import { type Command, type CommandInput, textOption } from '../command.ts';
import { CONFIG_OPTION, daemonConfiguration } from '../daemon-configuration.ts';
import type { DecisionReport } from '../decision-report.ts';
import { durationMs } from '../duration.ts';
import { printable } from '../output.ts';
import { comparisonLines } from '../show-comparison.ts';

const DEFAULT_SINCE = '24h';
const DEFAULT_LIMIT = 10_000;
const MOST_REQUESTS = 100_000;

export const diff: Command = {
  path: ['diff'],
  summary: 'show what a new revision changes: in its rules, and for what was asked on this machine',
  description:
    'compares two bundles by their terms, policies and rules, then decides every request of the decision log under both, with ' +
    'the local files, homes and links of this machine, and lists those that come out otherwise. both are judged as if they ' +
    'had just arrived: neither age nor expiry counts. reads the files of the daemon beside it, and needs none to run. with ' +
    'one bundle: from the active one to that. exit code: 0 every request is decided alike, 3 some are not, 1 it failed.',
  arguments: [
    { name: '[before]', description: '`active`, `previous`, a revision that served here, or a bundle file' },
    { name: '[after]', description: 'the same; without either, from `previous` to `active`' },
  ],
  options: [
    {
      flags: '--since <time>',
      description: `requests of the last \`90s\`, \`15m\`, \`2h\`, \`7d\` (default: ${DEFAULT_SINCE})`,
    },
    {
      flags: '--limit <count>',
      description: `how many different requests, the newest first (default: ${DEFAULT_LIMIT})`,
    },
    { flags: '--no-decisions', description: 'compare the rules only' },
    CONFIG_OPTION,
  ],
  examples: [
    'reeve diff',
    'reeve diff bundle.json',
    'reeve diff 41 42 --since 7d --json',
    'reeve diff previous active --no-decisions',
  ],
  async run({ output, cwd }, input) {
    const bounds = boundsOf(input);
    // the database, the compiler and all that: nothing that any other command should wait for
    const { decisionLines, decisionReport } = await import('../decision-report.ts');
    const config = await daemonConfiguration(cwd, input);
    if (config === null) throw new CliError('usage', 'no configuration was found', 'name it with --config FILE');
    const database = await policyDatabase(config);
    try {
      const [before, after] = await bothNamed(input.args, { database, cwd });
      const comparison = compareBundles(before ?? NOTHING, after ?? NOTHING);
      const decisions =
        input.options['decisions'] === false
          ? null
          : await decisionReport({ config, database, before, after, ...bounds });
      output.result({ before: headOf(before), after: headOf(after), ...comparison, decisions }, () => [
        `${nameOf(before)} → ${nameOf(after)}`,
        ...changeLines(before?.terms?.change ?? null, after?.terms?.change ?? null).map(printable),
        ...(isSame(comparison) ? ['terms and rules are the same'] : comparisonLines(output, comparison)),
        ...(decisions === null ? [] : ['', ...decisionLines(output, decisions)]),
      ]);
      return exitCodeOf(decisions);
    } finally {
      database.close();
    }
  },
};

const NOTHING = { policies: [], terms: null };

function exitCodeOf(decisions: DecisionReport | null): 0 | 3 {
  return decisions !== null && decisions.flips.length > 0 ? 3 : 0;
}

function boundsOf(input: CommandInput): { readonly since: number; readonly limit: number } {
  const since = Date.now() - durationMs('--since', textOption(input, 'since') ?? DEFAULT_SINCE);
  const text = textOption(input, 'limit') ?? String(DEFAULT_LIMIT);
  const limit = /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MOST_REQUESTS) return { since, limit };
  throw new CliError('usage', `--limit must be from 1 to ${MOST_REQUESTS}`);
}

async function policyDatabase(config: DaemonConfig): Promise<Database> {
  const { openPolicyToRead } = await import('../../store/kept-bundles.ts');
  const path = join(config.stateDirectory, 'policy.db');
  try {
    return openPolicyToRead(path);
  } catch (error) {
    const hint = 'the state belongs to the daemon’s user: use sudo';
    throw new CliError('failed', `the stored policy cannot be read: ${messageOf(error)}`, hint);
  }
}

async function bothNamed(
  [first, second]: readonly string[],
  shelf: BundleShelf,
): Promise<readonly [ReviewedBundle | null, ReviewedBundle | null]> {
  const { bundleNamed } = await import('../bundle-reference.ts');
  if (first === undefined) return [await bundleNamed('previous', shelf), await bundleNamed('active', shelf)];
  if (second === undefined) return [await bundleNamed('active', shelf), await bundleNamed(first, shelf)];
  return [await bundleNamed(first, shelf), await bundleNamed(second, shelf)];
}

function headOf(bundle: ReviewedBundle | null): object | null {
  if (bundle === null) return null;
  const { org, revision, source, terms } = bundle;
  return { org, revision, source, change: terms?.change ?? null };
}

function nameOf(bundle: ReviewedBundle | null): string {
  return bundle === null ? 'no policy' : `revision ${bundle.revision}`;
}
