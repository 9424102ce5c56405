import { dirname, join } from 'node:path';
import { type Client, createClient } from '../client/client.ts';
import { callHttp, type HttpOutcome } from '../client/http-call.ts';
import { isObject } from '../policy/rule-shape.ts';
import { findSocket, ownSocketLayout, type SocketChoice } from '../socket/find-socket.ts';
import { ADMIN_SOCKET } from '../socket/layout.ts';
import { CliError, daemonUnavailable } from './cli-error.ts';
import { type CommandInput, textOption } from './command.ts';

/** A person waits longer than a proxy. */
const TIMEOUT_MS = 10_000;

export interface AdminCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

/** Runs `use` with a client of the decide socket that the command line names. */
export async function withClient<T>(input: CommandInput, use: (client: Client) => Promise<T>): Promise<T> {
  // the admin socket has all routes of the decide socket (api, "HTTP/1.1 + JSON")
  const socket = textOption(input, 'socket') ?? textOption(input, 'adminSocket');
  const resolve = input.options['resolve'] !== false;
  const client = createClient({ timeout: TIMEOUT_MS, resolve, ...(socket === undefined ? {} : { socket }) });
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

/** Calls the admin socket. Throws a `CliError` unless there is an HTTP response. */
export async function callAdmin(input: CommandInput, call: AdminCall): Promise<HttpOutcome & { kind: 'response' }> {
  const choice = adminSocket(input);
  if (choice.kind === 'refused') throw daemonUnavailable(choice.message);
  const { timeoutMs = TIMEOUT_MS } = call;
  const outcome = await callHttp({ ...call, socketPath: choice.path, timeoutMs });
  if (outcome.kind === 'response') return outcome;
  if (!outcome.message.includes('(EACCES)')) throw daemonUnavailable(outcome.message);
  throw new CliError('failed', outcome.message, 'the admin socket is for root and the owner of the daemon: use sudo');
}

/** The admin socket that the command line means. */
export function adminSocket(input: CommandInput): SocketChoice {
  return findSocket('admin', ownSocketLayout(), namedAdminSocket(input));
}

/** Beside a decide socket that is named, as in the daemon's configuration. */
function namedAdminSocket(input: CommandInput): string | undefined {
  const socket = textOption(input, 'socket');
  return textOption(input, 'adminSocket') ?? (socket === undefined ? undefined : join(dirname(socket), ADMIN_SOCKET));
}

/** The error of a response that is none of the expected, as the daemon words it. */
export function refusedCall(response: HttpOutcome & { kind: 'response' }): CliError {
  const error = isObject(response.body) && isObject(response.body['error']) ? response.body['error'] : {};
  const message = typeof error['message'] === 'string' ? error['message'] : `HTTP status ${response.status}`;
  const hints = response.retryAfter === null ? [] : [`try again in ${response.retryAfter} s`];
  return new CliError(response.status === 503 ? 'unavailable' : 'failed', message, ...hints);
}

/** A count of things for a sentence. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
