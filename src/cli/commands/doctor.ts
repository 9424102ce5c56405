import { type Command, flag } from '../command.ts';
import { CONFIG_OPTION } from '../daemon-configuration.ts';
import { doctorLines } from '../doctor-lines.ts';
import { doctorOptions } from '../doctor-options.ts';

export const doctor: Command = {
  path: ['doctor'],
  summary: 'find out whether everything works, by trying it, and how to mend what does not',
  description:
    'reads the configuration as the daemon does, asks it for decisions, finds them in the log and follows its chain, lets the ' +
    'daemon pull its policy, does the same itself with the same credentials on a copy of the state, and looks at permissions, ' +
    'disk, clock, versions, and whether the agents and proxies of this machine deny when they cannot ask. what needs rights ' +
    'that you do not have is skipped, and said so. docs/doctor.md lists everything that it can find. exit code: 0 no fault, 1 ' +
    'there is one.',
  options: [
    CONFIG_OPTION,
    { flags: '--offline', description: 'fetch nothing, and do not let the daemon pull its policy' },
  ],
  examples: ['sudo reeve doctor', 'reeve doctor --offline', 'reeve doctor --json'],
  async run(context, input) {
    const { output } = context;
    const options = await doctorOptions(context, input, flag(input, 'offline'));
    // the database and the HTTP client are loaded by whoever needs them
    const { examine } = await import('../../diagnosis/examine.ts');
    const report = await examine(options);
    output.result(report, () => doctorLines(output, report));
    return report.healthy ? 0 : 1;
  },
};
