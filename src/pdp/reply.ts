import type { Explanation } from '../policy/explain.ts';

/** Who is at the other end of a connection, as the kernel says; null = not known. */
export interface Peer {
  readonly uid: number | null;
  readonly gid: number | null;
  readonly pid: number | null;
}

export interface Unavailable {
  readonly kind: 'unavailable';
  readonly code: 'overloaded' | 'not_ready';
  readonly message: string;
}

export interface NotARequest {
  readonly kind: 'not_a_request';
  readonly message: string;
}

/** A decision as the text of its JSON, or why there is none. */
export type Told = string | Unavailable;

/** The same for an item of a batch. */
export type ToldItem = Told | NotARequest;

export type ExplainReply =
  | { readonly kind: 'explanation'; readonly explanation: Explanation }
  | NotARequest
  | Unavailable;

export function notReady(): Unavailable {
  return { kind: 'unavailable', code: 'not_ready', message: 'no policy is loaded yet: ask again in a moment' };
}

export function overloaded(): Unavailable {
  const message = 'the deadline passed before this could be decided: ask again, with fewer questions at once';
  return { kind: 'unavailable', code: 'overloaded', message };
}
