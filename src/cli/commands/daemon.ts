import { systemClock } from '../../base/clock.ts';
import { CodedError } from '../../base/coded-error.ts';
import { type Command, flag, textOption } from '../command.ts';

export const daemon: Command = {
  path: ['daemon'],
  summary: 'run the daemon that pulls the policy and answers on its sockets',
  description:
    'runs in the foreground until SIGTERM or SIGINT; SIGHUP reads the configuration again, all or nothing. root runs the ' +
    'system service, anybody else a user service. config/reeve.example.yaml shows every setting. exit code: 0 stopped, ' +
    '1 it could not start, and could not a second time (0 with --stay-down), 70 a defect has ended it.',
  options: [
    { flags: '--config <file>', description: 'configuration file; an empty one is all defaults', mandatory: true },
    {
      flags: '--system',
      description: 'run the system service although this user is not root; only root’s files are trusted then',
    },
    {
      flags: '--stay-down',
      description: 'end with exit code 0 where it cannot start: launchd starts anything else again and again',
    },
  ],
  examples: ['reeve daemon --config /etc/reeve/reeve.yaml', 'reeve daemon --config ~/.config/reeve/reeve.yaml'],
  async run({ cwd, output }, input) {
    const file = textOption(input, 'config') ?? '';
    // the commands that only ask load neither the database nor the HTTP client
    const { boundYoungMemory } = await import('../../daemon/young-memory.ts');
    boundYoungMemory(systemClock);
    const { loadPolicyThread } = await import('../../daemon/policy/policy-thread.ts');
    // it takes as long to load as everything else together
    const policyThread = loadPolicyThread();
    const { runDaemon } = await import('../../daemon/run-daemon.ts');
    const configFile = file.startsWith('/') ? file : `${cwd}/${file}`;
    try {
      await runDaemon(configFile, policyThread, flag(input, 'system') ? 'system' : undefined);
    } catch (error) {
      if (!flag(input, 'stayDown') || !(error instanceof CodedError)) throw error;
      output.error(error.message, ['it is not tried again; once that is mended, `reeve service install` starts it']);
    }
    return 0;
  },
};
