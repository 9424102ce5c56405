import type { SourcedChange } from '../../policy/change-behind.ts';
import type { ExplainedRule, Explanation } from '../../policy/explain.ts';
import { counted, withClient } from '../ask-daemon.ts';
import { daemonUnavailable, type ExitCode } from '../cli-error.ts';
import type { CliContext, Command, CommandInput } from '../command.ts';
import { type Output, printable } from '../output.ts';
import {
  type Asked,
  NETWORK_ARGUMENTS,
  NETWORK_OPTIONS,
  networkQuestion,
  PATH_ARGUMENTS,
  PATH_OPTIONS,
  pathQuestion,
} from '../questions.ts';
import { answerLines } from '../show-answer.ts';

async function explain({ output }: CliContext, input: CommandInput, { question, text }: Asked): Promise<ExitCode> {
  const reply = await withClient(input, (client) => client.explain(question));
  if (reply.kind === 'unavailable') {
    const { answer } = reply;
    if (answer.code === 'daemon_unavailable') throw daemonUnavailable(answer.reason);
    output.result({ answer }, () => answerLines(output, { answer, asked: printable(text) }));
    return 0;
  }
  const { explanation } = reply;
  output.result(explanation, () => [
    ...answerLines(output, { answer: explanation.answer, asked: printable(text) }),
    ...explanationLines(output, explanation),
  ]);
  return 0;
}

function explanationLines(output: Output, explanation: Explanation): readonly string[] {
  const { changed, closures, domain, layers, rules } = explanation;
  const lines: string[] = [];
  if (domain !== undefined) {
    const governed = domain.governed ? 'governed by the organisation' : 'not governed';
    lines.push(`${domain.name} is ${governed}${domain.delegated ? ', and delegated to local files' : ''}`);
  }
  for (const closure of closures) lines.push(printable(`closed: ${closure.reason} (${closure.code})`));
  for (const layer of layers) {
    const nearly =
      layer.near_misses === 0 ? '' : `, ${counted(layer.near_misses, 'near miss').replace(/misss$/, 'misses')}`;
    lines.push(`${layer.origin}: ${layer.outcome} (${counted(layer.matching, 'matching rule')}${nearly})`);
  }
  if (rules.length > 0)
    lines.push('', ...output.table(['RULE', 'LAYER', 'POLICY', 'DECISION', 'RESOURCE', 'COUNTS'], rules.map(ruleRow)));
  if (explanation.rules_left_out > 0) lines.push(`and ${counted(explanation.rules_left_out, 'more rule')}`);
  if (changed !== undefined) lines.push('', changeLine(changed));
  return lines;
}

function changeLine({ of, at, by, reason, ticket }: SourcedChange): string {
  const parts = [
    of === 'bundle' ? 'the organisation’s policy as a whole was last changed' : 'the policy was last changed',
    at === undefined ? '' : ` ${at}`,
    by === undefined ? '' : ` by ${by}`,
    ticket === undefined ? '' : ` (${ticket})`,
    reason === undefined ? '' : `: ${reason}`,
  ];
  return printable(parts.join(''));
}

function ruleRow(rule: ExplainedRule): readonly string[] {
  const counts = rule.counts ? 'yes' : `no: ${rule.cause ?? ''}`;
  return [rule.name || rule.id, rule.origin, rule.policy, rule.decision, rule.resource, counts];
}

const DESCRIPTION =
  'shows the rules that match, those that nearly do, and what each layer says. exit code: 0, 4 no daemon.';

export const explainNetwork: Command = {
  path: ['explain', 'network'],
  summary: 'show why a connection is allowed or denied',
  description: DESCRIPTION,
  arguments: NETWORK_ARGUMENTS,
  options: NETWORK_OPTIONS,
  examples: ['reeve explain network api.example.com', 'reeve explain network 169.254.169.254:80 --json'],
  run: (context, input) => explain(context, input, networkQuestion(input)),
};

export const explainPath: Command = {
  path: ['explain', 'path'],
  summary: 'show why a path may or may not be opened',
  description: DESCRIPTION,
  arguments: PATH_ARGUMENTS,
  options: PATH_OPTIONS,
  examples: ['reeve explain path ~/.ssh', 'reeve explain path . --write --recursive'],
  run: (context, input) => explain(context, input, pathQuestion(input, context.cwd)),
};
