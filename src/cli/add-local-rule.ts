import type { Domain } from '../policy/action.ts';
import { checkRule } from '../policy/rule-check.ts';
import { isObject } from '../policy/rule-shape.ts';
import { formatYaml } from '../schema/yaml.ts';
import { withClient } from './ask-daemon.ts';
import { CliError, type ExitCode } from './cli-error.ts';
import { type CliContext, type CommandInput, textOption, textsOption } from './command.ts';
import { localDirectory } from './local-directory.ts';
import { fileStem, type NewRule, readNewRule, wideResource, withResolvedForms } from './new-local-rule.ts';
import { printable } from './output.ts';
import { writeNewFile } from './write-new-file.ts';

/** `reeve local add`: judges the rule, writes it, and says whether it counts. */
export async function addLocalRule({ output }: CliContext, input: CommandInput): Promise<ExitCode> {
  const rule = withResolvedForms(ruleOf(input));
  const check = checkRule(rule, 'local');
  if (check.kind === 'refused') {
    const [first, ...others] = check.issues.map(({ resource, message }) =>
      resource === undefined || message.includes(resource) ? message : `\`${resource}\`: ${message}`,
    );
    throw new CliError('usage', `the rule is refused: ${first ?? ''}`, ...others);
  }
  const inert = await inertCause(input, rule);
  const path = writeNewFile(localDirectory(input), rule.id, formatYaml({ version: 1, rules: [rule] }));
  const warnings = check.warnings.map((issue) => issue.message);
  output.result({ file: path, rule, inert, warnings }, () => [
    printable(`wrote ${path}`),
    ...rule.resources.map((resource) => printable(`  ${rule.decision} ${resource}`)),
    ...warnings.map((warning) => printable(`warning: ${warning}`)),
    ...(inert === null ? [] : [printable(inert === UNKNOWN ? inert : `inert for now: ${inert}`)]),
  ]);
  return 0;
}

function ruleOf(input: CommandInput): NewRule {
  const [decision, ...resources] = input.args;
  if (decision !== 'allow' && decision !== 'deny') {
    throw new CliError('usage', `\`${decision ?? ''}\` is no decision: write allow or deny`);
  }
  const actions = textsOption(input, 'action');
  const name = textOption(input, 'name');
  return {
    id: fileStem({ decision, resources }),
    ...(name === undefined ? {} : { name }),
    decision,
    ...(actions.length === 0 ? {} : { actions }),
    resources,
  };
}

const UNKNOWN =
  'not known whether it counts: the daemon does not answer; `reeve rules ls --include-inactive` tells once it runs';

/** Why the rule takes no part with the policy that is in force, or null (semantics, 5). A deny always does. */
async function inertCause(input: CommandInput, rule: NewRule): Promise<string | null> {
  const read = readNewRule(rule);
  if (rule.decision === 'deny' || read === null) return null;
  const reply = await withClient(input, (client) => client.status());
  if (reply.kind === 'unavailable') return UNKNOWN;
  const state = stateOf(reply.status['domains'], read.domain);
  if (state?.['governed'] !== true) return null;
  if (state['delegated'] !== true) {
    return `the organisation governs ${read.domain} and does not delegate it, so only denies of local files count`;
  }
  const wide = wideResource(read.domain, rule.resources);
  return wide === null ? null : `\`${wide}\` is too wide for the delegated ${read.domain} domain: write a narrower one`;
}

function stateOf(domains: unknown, domain: Domain): Readonly<Record<string, unknown>> | null {
  const state = isObject(domains) ? domains[domain] : undefined;
  return isObject(state) ? state : null;
}
