import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { codeOf } from '../../base/coded-error.ts';
import { CliError } from '../cli-error.ts';
import { type Command, flag } from '../command.ts';
import { evaluateStream } from '../eval-stream.ts';

export const evalCommand: Command = {
  path: ['eval'],
  summary: 'judge cases from a file or standard input, without a daemon',
  description:
    'one JSON object a line in: {id?, governed?, delegated?, org?, policies?, teams?, local?, preset?, home?, uid?, now?, request}; ' +
    'one answer a line out, in order, with the same id. a line that is no case gives {"error": …} and stops nothing. exit code: 0.',
  arguments: [{ name: '[file]', description: 'file of cases; `-` or nothing is standard input' }],
  options: [
    { flags: '--fs', description: 'resolve links on this machine’s disk, as the daemon does' },
    { flags: '--strict', description: 'a rule that could not be written anew makes its line an error' },
  ],
  examples: [
    'reeve eval cases.jsonl',
    `echo '{"org":[{"decision":"allow","actions":["connect:tcp"],"resources":["*.example.com"]}],"request":{"action":"connect:tcp","host":"a.example.com","port":443}}' | reeve eval`,
    'reeve eval --strict --fs cases.jsonl > answers.jsonl',
  ],
  async run({ output, stdin }, input) {
    const [file = '-'] = input.args;
    const source = file === '-' ? stdin : await opened(file);
    // the compiler, its readers and the presets: nothing that any other command should wait for
    const { createEvaluator } = await import('../../eval/eval-line.ts');
    const evaluate = createEvaluator({ fs: flag(input, 'fs'), strict: flag(input, 'strict') });
    try {
      await evaluateStream(source, output.stdout, evaluate);
    } catch (error) {
      // a directory opens, and only reading it fails
      const code = codeOf(error);
      throw code === null ? error : unreadable(file, code);
    }
    return 0;
  },
};

function opened(file: string): Promise<Readable> {
  const stream = createReadStream(file);
  return new Promise((resolve, reject) => {
    stream.once('open', () => resolve(stream));
    stream.once('error', (error: NodeJS.ErrnoException) => reject(unreadable(file, error.code)));
  });
}

function unreadable(file: string, code: unknown): CliError {
  const name = file === '-' ? 'standard input' : `\`${file}\``;
  return new CliError('failed', `cannot read ${name} (${typeof code === 'string' ? code : 'error'})`);
}
