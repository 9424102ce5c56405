import type { FilesystemAction, NetworkAction } from '../policy/action.ts';

/** Recorded with the decision; never trusted to widen anything (semantics, 2). */
export interface RequestLabels {
  /** The sandbox that asks, as its runtime calls it. */
  readonly sandbox?: string;
  /** The agent inside it. */
  readonly agent?: string;
  /** The person it works for. */
  readonly user?: string;
  /** The program that wants to connect or to open. */
  readonly process?: string;
  /** Anything else worth recording. */
  readonly labels?: Readonly<Record<string, unknown>>;
  /** Whose home `~` means in rules; only root may name another user's. */
  readonly uid?: number;
}

/** May this host, or these addresses, be connected to? At least one of `host` and `ip`. */
export interface NetworkQuestion extends RequestLabels {
  /** Transport of the connection. */
  readonly action: NetworkAction;
  /** Name or address literal, as the program wrote it; reeve normalises it. */
  readonly host?: string | null;
  /** The addresses that will be dialled: one, or up to 64. */
  readonly ip?: string | readonly string[] | null;
  /** Destination port, 1–65535. */
  readonly port: number;
}

/** May this path be read or written? A read-write mount is two questions. */
export interface FilesystemQuestion extends RequestLabels {
  /** One action a question. */
  readonly action: FilesystemAction;
  /** Absolute, as the program wrote it. */
  readonly path: string;
  /** The path as it will be opened, without links; the client fills it in if it is absent. */
  readonly real?: string;
  /** Says that `real` is the lexical form of `path`. */
  readonly resolved?: boolean;
  /** Asks about everything below the path too: a mount. */
  readonly recursive?: boolean;
}

/** One question to the daemon: the native request of `POST /v1/decide`. */
export type Question = NetworkQuestion | FilesystemQuestion;
