import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { callHttp } from '../../client/http-call.ts';
import { isObject } from '../../policy/rule-shape.ts';
import type { SocketChoice } from '../../socket/find-socket.ts';
import { adminSocket, refusedCall } from '../ask-daemon.ts';
import { CliError } from '../cli-error.ts';
import { type CliContext, type Command, type CommandInput, flag, textOption } from '../command.ts';
import { CONFIG_OPTION, daemonConfiguration } from '../daemon-configuration.ts';
import type { Output } from '../output.ts';
import type { ResetReport } from '../reset-offline.ts';

/** Its thread ends and another one starts: that takes a busy machine a while. */
const TIMEOUT_MS = 60_000;

export const reset: Command = {
  path: ['reset'],
  summary: 'give up the organisation and all its policy on this machine',
  description:
    'releases the enrolment and the governed domains, and removes the stored policy, its history, the high-water mark and all ' +
    'that was verified before. a running daemon does it at once, denies `no_policy` if it has a source, and polls again; ' +
    'without one the files are removed, whatever state they are in. the decision log always stays and gets an entry: who, ' +
    'when, what was given up. asks first, on a terminal. exit code: 0, 1 it failed or has no entry in the log, 4 no daemon ' +
    'answers and no state directory is known.',
  options: [
    { flags: '--keep-log', description: 'keep the decision log; that is what happens anyway' },
    { flags: '--yes', description: 'do not ask' },
    CONFIG_OPTION,
    { flags: '--state-directory <path>', description: 'state directory, where the configuration cannot be read' },
  ],
  examples: ['reeve reset', 'reeve reset --keep-log --yes', 'reeve reset --yes --state-directory /var/lib/reeve'],
  async run(context, input) {
    await confirm(context, input);
    const place = await placeOf(context, input);
    const report = (await askDaemon(place)) ?? (await withoutDaemon(place));
    context.output.result(report, () => reportLines(context.output, report));
    return report.audited || report.by === 'nothing' ? 0 : 1;
  },
};

/** Whose state is meant. */
interface Place {
  /** null = whatever the daemon has that answers. */
  readonly stateDirectory: string | null;
  /** A daemon that has another state directory is not meant. */
  readonly optional: boolean;
  readonly socket: SocketChoice;
}

async function confirm({ output, stdin }: CliContext, input: CommandInput): Promise<void> {
  if (flag(input, 'yes')) return;
  if (!('isTTY' in stdin) || stdin.isTTY !== true) {
    throw new CliError('usage', 'there is no terminal to ask', 'say `--yes` to reset without being asked');
  }
  output.note('everything that is known of the organisation goes: its policy, its history, what it governs.');
  output.note('type `reset` to go on:');
  if ((await firstLine(stdin)).trim() !== 'reset') throw new CliError('failed', 'nothing was reset');
}

/** Empty at the end of the input: a question would never be answered then. */
async function firstLine(stdin: CliContext['stdin']): Promise<string> {
  const lines = createInterface({ input: stdin });
  for await (const line of lines) return line;
  return '';
}

async function placeOf({ cwd }: CliContext, input: CommandInput): Promise<Place> {
  const named = textOption(input, 'stateDirectory');
  if (named !== undefined) {
    const path = resolve(cwd, named);
    const optional = textOption(input, 'socket') === undefined && textOption(input, 'adminSocket') === undefined;
    return { stateDirectory: existsSync(path) ? realpathSync(path) : path, optional, socket: adminSocket(input) };
  }
  const config = await configured(cwd, input);
  if (config === null) return { stateDirectory: null, optional: false, socket: adminSocket(input) };
  const options = { adminSocket: config.adminSocket, ...input.options };
  return { stateDirectory: config.stateDirectory, optional: false, socket: adminSocket({ ...input, options }) };
}

/** A socket alone says enough: then the daemon knows its state. */
async function configured(cwd: string, input: CommandInput): ReturnType<typeof daemonConfiguration> {
  const bySocket = textOption(input, 'socket') ?? textOption(input, 'adminSocket');
  if (bySocket !== undefined && textOption(input, 'config') === undefined) return null;
  try {
    return await daemonConfiguration(cwd, input);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new CliError('failed', error.message, 'name the state itself with `--state-directory DIR`');
  }
}

/** Null where no daemon answers that has this state. */
async function askDaemon({ socket, stateDirectory, optional }: Place): Promise<ResetReport | null> {
  if (socket.kind === 'refused') return null;
  const body = stateDirectory === null ? {} : { state_directory: stateDirectory };
  const call = { method: 'POST', path: '/v1/reset', body, timeoutMs: TIMEOUT_MS } as const;
  const outcome = await callHttp({ ...call, socketPath: socket.path });
  if (outcome.kind === 'unavailable') return unanswered(outcome.message);
  if (outcome.status === 409 && optional) return null;
  if (outcome.status !== 200 || !isObject(outcome.body)) throw refusedCall(outcome);
  return { by: 'daemon', ...(outcome.body as Omit<ResetReport, 'by'>) };
}

/** A socket without a daemon is none; one that hangs holds the files, and nobody may take them away under it. */
function unanswered(message: string): null {
  if (/\((?:ENOENT|ECONNREFUSED|ENOTDIR)\)/.test(message)) return null;
  if (message.includes('(EACCES)')) {
    throw new CliError('failed', message, 'the admin socket is for root and the owner of the daemon: use sudo');
  }
  throw new CliError('failed', message, 'a daemon is there and does not answer: stop it, then run this again');
}

async function withoutDaemon(place: Place): Promise<ResetReport> {
  const { stateDirectory, socket } = place;
  if (stateDirectory !== null) {
    const { resetOffline } = await import('../reset-offline.ts');
    return resetOffline(stateDirectory, () => askDaemon(place));
  }
  const message = socket.kind === 'refused' ? socket.message : `no daemon answers at \`${socket.path}\``;
  throw new CliError('unavailable', message, 'name its configuration with `--config FILE`, or `--state-directory DIR`');
}

function reportLines(output: Output, { by, org, revision, governed, audited }: ResetReport): readonly string[] {
  if (by === 'nothing') return ['nothing to reset: there is no state'];
  return output.pairs([
    ['given up', org === null ? 'no organisation was known' : `${org}, revision ${revision ?? 'none'}`],
    ['released', governed.length === 0 ? 'no domain was governed' : governed.join(', ')],
    ['log', audited ? 'has an entry: `reeve log --type event`' : 'could not take an entry: see the log of the daemon'],
    ['next', by === 'daemon' ? 'the daemon polls its source again' : 'start the daemon'],
  ]);
}
