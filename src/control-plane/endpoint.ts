import type { Problem } from '../http/problem.ts';
import { problem } from '../http/problem.ts';
import type { Failure, Outcome } from './outcome.ts';
import { ERROR_STATUS } from './outcome.ts';
import type { Services } from './services.ts';

/** What a handler gets: everything before it (route, caller, rights, body) has been checked. */
export interface Call {
  readonly services: Services;
  readonly params: Readonly<Record<string, string>>;
  readonly query: string;
  /** The parsed body of an endpoint that takes one; else undefined. */
  readonly body: unknown;
  /** Where the request came from, for the limit on failed exchanges. */
  readonly source: string;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `public` needs no token, `read` one of the org, `write` an admin's. */
export type Access = 'public' | 'read' | 'write';

export interface Endpoint {
  readonly access: Access;
  readonly takesBody: boolean;
  readonly handle: (call: Call) => Reply | Promise<Reply>;
}

export function failed(cause: Failure, headers: Readonly<Record<string, string>> = {}): Reply {
  return refused(ERROR_STATUS[cause.code], problem(cause.code, cause.message), headers);
}

/** For the statuses of HTTP itself, which the API's codes do not name. */
export function refused(status: number, body: Problem, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, body, headers };
}

export function replyWith<Value>(status: number, outcome: Outcome<Value>, render: (value: Value) => unknown): Reply {
  return outcome.kind === 'failure' ? failed(outcome) : { status, body: render(outcome.value) };
}
