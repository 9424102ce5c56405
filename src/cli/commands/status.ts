import type { StatusReply } from '../../client/client.ts';
import { isObject } from '../../policy/rule-shape.ts';
import { callAdmin, withClient } from '../ask-daemon.ts';
import { daemonUnavailable, type ExitCode } from '../cli-error.ts';
import { type Command, type CommandInput, flag } from '../command.ts';
import { statusLines } from '../status-lines.ts';
import { watchStatus } from '../watch-status.ts';

export const status: Command = {
  path: ['status'],
  summary: 'show what the daemon enforces, and how its source is doing',
  description:
    'the first line says how things are in a word: healthy, degraded, not_accepted, offline, stale, blocked or ' +
    'not_ready; docs/status.md explains each, and each warning. where callers do not reach the ' +
    'daemon at the decide socket, its admin socket is asked. exit code: 0, 4 callers do not reach a daemon; watching ends ' +
    'with 0.',
  options: [
    { flags: '--watch', description: 'go on until Ctrl-C: drawn anew on a terminal, elsewhere once for each change' },
  ],
  examples: ['reeve status', 'reeve status --json', 'reeve status --watch'],
  async run({ output, stopped }, input) {
    return withClient(input, async (client): Promise<ExitCode> => {
      if (flag(input, 'watch')) {
        await watchStatus({ output, ask: async () => atAdminSocket(input, await client.status()), stopped: stopped() });
        return 0;
      }
      const first = await client.status();
      const reply = await atAdminSocket(input, first);
      if (reply.kind === 'unavailable') throw daemonUnavailable(reply.message);
      output.result(reply.status, () => statusLines(output, reply.status, Date.now()));
      if (first.kind === 'status') return 0;
      throw daemonUnavailable(`this is from the admin socket: callers do not reach the daemon, ${first.message}`);
    });
  },
};

/** The same, from the admin socket where the decide socket says nothing: somebody may stand in its place. */
async function atAdminSocket(input: CommandInput, reply: StatusReply): Promise<StatusReply> {
  if (reply.kind === 'status') return reply;
  const outcome = await callAdmin(input, { method: 'GET', path: '/v1/status' }).catch(() => null);
  return outcome?.status === 200 && isObject(outcome.body) ? { kind: 'status', status: outcome.body } : reply;
}
