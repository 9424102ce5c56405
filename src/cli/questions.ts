import type { FilesystemQuestion, NetworkQuestion, Question } from '../client/request.ts';
import { parseTarget } from './check-target.ts';
import { CliError } from './cli-error.ts';
import { type ArgumentSpec, type CommandInput, firstArgument, flag, type OptionSpec, textsOption } from './command.ts';

/** A question and how a person would call it. */
export interface Asked {
  readonly question: Question;
  readonly text: string;
}

/** What `check` and `explain` take: they ask the same questions. */
export const NETWORK_ARGUMENTS: readonly ArgumentSpec[] = [
  { name: '<target>', description: 'HOST, HOST:PORT, [IPV6]:PORT or a URL; a bare host means port 443' },
];
export const NETWORK_OPTIONS: readonly OptionSpec[] = [
  { flags: '--udp', description: 'ask about connect:udp instead of connect:tcp' },
  { flags: '--ip <address>', description: 'an address that will be dialled; may be repeated', repeatable: true },
];
export const PATH_ARGUMENTS: readonly ArgumentSpec[] = [
  { name: '<path>', description: 'a path; a relative one starts in the current directory' },
];
export const PATH_OPTIONS: readonly OptionSpec[] = [
  { flags: '--write', description: 'ask about write instead of read' },
  { flags: '--recursive', description: 'ask about everything below the path too, as for a mount' },
  { flags: '--no-resolve', description: 'let the daemon resolve links, in its own file tree' },
];

export function networkQuestion(input: CommandInput): Asked {
  const target = parseTarget(firstArgument(input));
  if (target.kind === 'invalid') throw new CliError('usage', target.message);
  const { host, port } = target;
  const ip = textsOption(input, 'ip');
  const action = flag(input, 'udp') ? 'connect:udp' : 'connect:tcp';
  const question: NetworkQuestion = { action, host, port, ...(ip.length === 0 ? {} : { ip }) };
  const shownHost = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return { question, text: `${action} ${shownHost}:${port}` };
}

export function pathQuestion(input: CommandInput, cwd: string): Asked {
  const argument = firstArgument(input);
  if (argument === '') throw new CliError('usage', 'the path is empty', 'the current directory is `.`');
  const path = argument.startsWith('/') ? argument : below(cwd, argument);
  const action = flag(input, 'write') ? 'write' : 'read';
  const recursive = flag(input, 'recursive');
  const question: FilesystemQuestion = { action, path, ...(recursive ? { recursive } : {}) };
  return { question, text: `${action} ${path}${recursive ? ' and everything below' : ''}` };
}

/** Joined as text: what `..` means after a link is for the walk to find out. */
function below(cwd: string, relative: string): string {
  const rest = relative.replace(/^(?:\.\/+)*(?:\.$)?/, '');
  return rest === '' ? cwd : `${cwd === '/' ? '' : cwd}/${rest}`;
}
