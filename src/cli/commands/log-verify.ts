import type { LogVerdict } from '../../audit/verify-log.ts';
import { isObject } from '../../policy/rule-shape.ts';
import { callAdmin, refusedCall } from '../ask-daemon.ts';
import { CliError } from '../cli-error.ts';
import type { Command, CommandInput } from '../command.ts';

export const logVerify: Command = {
  path: ['log', 'verify'],
  summary: 'check that no record of the decision log was changed or removed',
  description:
    'reads the file itself, beside a running daemon or without one, and follows the chain of hashes from the oldest record to ' +
    'the newest. exit code: 0 intact, 1 broken or unreadable, 4 no daemon to ask for the file.',
  arguments: [{ name: '[file]', description: 'log.db, or a copy of it; without it the daemon is asked for its own' }],
  examples: ['reeve log verify', 'reeve log verify /var/lib/reeve/log.db', 'reeve log verify --json'],
  async run({ output }, input) {
    const file = input.args[0] ?? (await fileOfDaemon(input));
    const verdict = await verdictOn(file);
    output.result({ file, ...verdict }, () =>
      verdict.kind === 'broken'
        ? [`${output.paint('broken:', 'red')} ${verdict.message} (\`${file}\`)`]
        : [
            `${output.paint('intact:', 'green')} ${verdict.records} records, from ${verdict.first} to ${verdict.head.id}`,
            `the chain ends with ${verdict.head.hash}`,
          ],
    );
    return verdict.kind === 'intact' ? 0 : 1;
  },
};

async function fileOfDaemon(input: CommandInput): Promise<string> {
  const response = await callAdmin(input, { method: 'GET', path: '/v1/log', body: { limit: 1 } });
  const file = response.status === 200 && isObject(response.body) ? response.body['file'] : undefined;
  if (typeof file !== 'string') throw refusedCall(response);
  return file;
}

async function verdictOn(file: string): Promise<LogVerdict> {
  // the database driver is loaded by whoever needs it
  const [{ openLogToRead }, { verifyLog }] = await Promise.all([
    import('../../store/log-store.ts'),
    import('../../audit/verify-log.ts'),
  ]);
  try {
    const database = openLogToRead(file);
    try {
      return verifyLog(database);
    } finally {
      database.close();
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError('failed', `the log cannot be read: ${why}`, 'the log belongs to the daemon’s user: use sudo');
  }
}
