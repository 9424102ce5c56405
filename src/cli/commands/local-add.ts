import type { Command } from '../command.ts';
import { DIRECTORY_OPTION } from '../local-directory.ts';

export const localAdd: Command = {
  path: ['local', 'add'],
  summary: 'write a local override file with one rule',
  description:
    'the rule is judged first, and one that the daemon could not evaluate is not written. without --action an allow means ' +
    'connect:tcp or read, a deny both actions of its domain. exit code: 0, 1 it cannot be written, 2 the rule is refused.',
  arguments: [
    { name: '<decision>', description: 'allow or deny' },
    { name: '<resource...>', description: 'hosts and addresses, or paths; quote those with `*`' },
  ],
  options: [
    {
      flags: '--action <action>',
      description: 'connect:tcp, connect:udp, read or write; may be repeated',
      repeatable: true,
    },
    { flags: '--name <text>', description: 'a name for people' },
    DIRECTORY_OPTION,
  ],
  examples: [
    'reeve local add allow registry.example.com:443',
    "reeve local add deny '**.tracker.example' --name 'no trackers'",
    "reeve local add allow '~/code/**' --action read --action write",
  ],
  async run(context, input) {
    // whoever only asks loads no reader of rules
    const { addLocalRule } = await import('../add-local-rule.ts');
    return addLocalRule(context, input);
  },
};
