import { isObject } from '../../policy/rule-shape.ts';
import { withClient } from '../ask-daemon.ts';
import { daemonUnavailable } from '../cli-error.ts';
import type { Command } from '../command.ts';

export const localLs: Command = {
  path: ['local', 'ls'],
  summary: 'list the local override files as the daemon sees them',
  description:
    'states: active; allows_inert (wrong owner or mode, denies stay); last_good (broken now, an earlier version serves); ' +
    'broken (never parsed: it closes what local files may govern); not_read (a link or no regular file). exit code: 0, 4 no daemon.',
  examples: ['reeve local ls', 'reeve local ls --json'],
  async run({ output }, input) {
    const reply = await withClient(input, (client) => client.status());
    if (reply.kind === 'unavailable') throw daemonUnavailable(reply.message);
    const listed = reply.status['local_files'];
    const files = Array.isArray(listed) ? listed.filter(isObject) : [];
    output.result(files, () => {
      if (files.length === 0) return ['no local files'];
      const rows = files.map(({ name, state, rules, cause }) => [name, state, rules, cause ?? ''].map(String));
      return output.table(['FILE', 'STATE', 'RULES', 'CAUSE'], rows);
    });
    return 0;
  },
};
