import type { Command } from '../command.ts';

export const localValidate: Command = {
  path: ['local', 'validate'],
  summary: 'judge a local override file without a daemon',
  description: 'exit code: 0 every rule can be evaluated, 1 not.',
  arguments: [{ name: '<file>', description: 'YAML or JSON' }],
  examples: ['reeve local validate /etc/reeve/local.d/team.yaml', 'reeve local validate team.yaml --json'],
  async run(context, input) {
    // whoever only asks loads no reader of rules
    const { validateLocalFile } = await import('../validate-local-file.ts');
    return validateLocalFile(context, input);
  },
};
