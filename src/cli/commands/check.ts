import type { Client } from '../../client/client.ts';
import type { Question } from '../../client/request.ts';
import type { SourcedChange } from '../../policy/change-behind.ts';
import type { Answer } from '../../policy/decision.ts';
import { isObject } from '../../policy/rule-shape.ts';
import { withClient } from '../ask-daemon.ts';
import { daemonUnavailable, type ExitCode } from '../cli-error.ts';
import type { CliContext, Command, CommandInput } from '../command.ts';
import { printable } from '../output.ts';
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

/** Always the daemon's own answer: a check that decided by itself could differ from what is enforced. */
async function check({ output }: CliContext, input: CommandInput, { question, text }: Asked): Promise<ExitCode> {
  const { answer, changed } = await withClient(input, async (client) => {
    const given = await client.decide(question);
    return { answer: given, changed: await changeBehind(client, question, given) };
  });
  if (answer.code === 'daemon_unavailable') {
    if (output.json) output.result(answer, () => []);
    throw daemonUnavailable(answer.reason);
  }
  const told = changed === null ? answer : { ...answer, changed };
  output.result(told, () => answerLines(output, { answer, asked: printable(text), changed }));
  return answer.decision === 'allow' ? 0 : 3;
}

/**
 * Who made it so, of a denial: answers do not carry it, so it is asked for apart. Nothing where the policy has changed
 * since, or where nobody can say.
 */
async function changeBehind(client: Client, question: Question, answer: Answer): Promise<SourcedChange | null> {
  const judged = answer.request !== undefined;
  if (!judged || (answer.decision === 'allow' && answer.would_deny !== true)) return null;
  const reply = await client.explain(question);
  if (reply.kind === 'unavailable') return null;
  const { answer: explained, changed } = reply.explanation;
  const same = explained.generation === answer.generation && explained.code === answer.code;
  return same && isObject(changed) ? changed : null;
}

const DENIALS = 'a denial by the organisation says who changed its policy last (`changed`).';
const EXIT_CODES = 'exit code: 0 allowed, 3 denied, 4 no daemon.';

export const checkNetwork: Command = {
  path: ['check', 'network'],
  summary: 'ask whether a connection is allowed',
  description: `asks the daemon what it would answer an enforcement point. ${DENIALS} ${EXIT_CODES}`,
  arguments: NETWORK_ARGUMENTS,
  options: NETWORK_OPTIONS,
  examples: [
    'reeve check network api.example.com',
    'reeve check network https://registry.example.com/v2/',
    'reeve check network db.example.com:5432 --ip 192.0.2.7',
    'reeve check network [2001:db8::1]:53 --udp --json',
  ],
  run: (context, input) => check(context, input, networkQuestion(input)),
};

export const checkPath: Command = {
  path: ['check', 'path'],
  summary: 'ask whether a path may be read or written',
  description: `links are resolved here, as an enforcement point would. ${DENIALS} ${EXIT_CODES}`,
  arguments: PATH_ARGUMENTS,
  options: PATH_OPTIONS,
  examples: [
    'reeve check path ~/.ssh/id_ed25519',
    'reeve check path . --write --recursive',
    'reeve check path /srv/data --json',
  ],
  run: (context, input) => check(context, input, pathQuestion(input, context.cwd)),
};
