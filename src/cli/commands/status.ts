import { withClient } from '../ask-daemon.ts';
import { daemonUnavailable, type ExitCode } from '../cli-error.ts';
import { type Command, flag } from '../command.ts';
import { statusLines } from '../status-lines.ts';
import { watchStatus } from '../watch-status.ts';

export const status: Command = {
  path: ['status'],
  summary: 'show what the daemon enforces, and how its source is doing',
  description:
    'the first line says how things are in a word: healthy, degraded, not_accepted, offline, stale, blocked or ' +
    'not_ready; docs/status.md explains each, and each warning. exit code: 0, 4 no daemon; watching ends with 0.',
  options: [
    { flags: '--watch', description: 'go on until Ctrl-C: drawn anew on a terminal, elsewhere once for each change' },
  ],
  examples: ['reeve status', 'reeve status --json', 'reeve status --watch'],
  async run({ output, stopped }, input) {
    return withClient(input, async (client): Promise<ExitCode> => {
      const ask = () => client.status();
      if (flag(input, 'watch')) {
        await watchStatus({ output, ask, stopped: stopped() });
        return 0;
      }
      const reply = await ask();
      if (reply.kind === 'unavailable') throw daemonUnavailable(reply.message);
      output.result(reply.status, () => statusLines(output, reply.status, Date.now()));
      return 0;
    });
  },
};
