/** The error codes of the API, all of them. */
export const ERROR_STATUS = {
  not_found: 404,
  conflict: 409,
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  limit_exceeded: 403,
  unimplemented: 501,
  internal: 500,
} as const;

type ErrorCode = keyof typeof ERROR_STATUS;

export interface Failure {
  readonly kind: 'failure';
  readonly code: ErrorCode;
  readonly message: string;
}

interface Done<Value> {
  readonly kind: 'done';
  readonly value: Value;
}

/** What came of a step: a value, or what the caller is told instead. */
export type Outcome<Value> = Done<Value> | Failure;

export function done<Value>(value: Value): Done<Value> {
  return { kind: 'done', value };
}

export function failure(code: ErrorCode, message: string): Failure {
  return { kind: 'failure', code, message };
}

export function invalid(message: string): Failure {
  return failure('invalid_argument', message);
}
