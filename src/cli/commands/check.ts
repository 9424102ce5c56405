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
  const answer = await withClient(input, (client) => client.decide(question));
  if (answer.code === 'daemon_unavailable') {
    if (output.json) output.result(answer, () => []);
    throw daemonUnavailable(answer.reason);
  }
  output.result(answer, () => answerLines(output, answer, printable(text)));
  return answer.decision === 'allow' ? 0 : 3;
}

const EXIT_CODES = 'exit code: 0 allowed, 3 denied, 4 no daemon.';

export const checkNetwork: Command = {
  path: ['check', 'network'],
  summary: 'ask whether a connection is allowed',
  description: `asks the daemon what it would answer an enforcement point. ${EXIT_CODES}`,
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
  description: `links are resolved here, as an enforcement point would. ${EXIT_CODES}`,
  arguments: PATH_ARGUMENTS,
  options: PATH_OPTIONS,
  examples: [
    'reeve check path ~/.ssh/id_ed25519',
    'reeve check path . --write --recursive',
    'reeve check path /srv/data --json',
  ],
  run: (context, input) => check(context, input, pathQuestion(input, context.cwd)),
};
