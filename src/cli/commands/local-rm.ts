import { unlinkSync } from 'node:fs';
import { codeOf } from '../../base/coded-error.ts';
import { CliError } from '../cli-error.ts';
import { type Command, firstArgument } from '../command.ts';
import { DIRECTORY_OPTION, localDirectory, localFileName } from '../local-directory.ts';

export const localRm: Command = {
  path: ['local', 'rm'],
  summary: 'delete a local override file',
  description: 'the daemon notices by itself. exit code: 0, 1 it cannot be deleted, 2 there is no such file.',
  arguments: [{ name: '<file>', description: 'name as `reeve local ls` shows it' }],
  options: [DIRECTORY_OPTION],
  examples: ['reeve local rm allow-registry-example-com-443.yaml'],
  run({ output }, input) {
    const name = localFileName(firstArgument(input));
    const path = `${localDirectory(input).path}/${name}`;
    try {
      unlinkSync(path);
    } catch (error) {
      const code = codeOf(error) ?? 'error';
      if (code === 'ENOENT') throw new CliError('usage', `there is no \`${path}\``, '`reeve local ls` shows the files');
      throw new CliError(
        'failed',
        `cannot delete \`${path}\` (${code})`,
        'a system install’s files are for root: use sudo',
      );
    }
    output.result({ removed: path }, () => [`removed ${path}`]);
    return Promise.resolve(0);
  },
};
