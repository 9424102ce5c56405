import type { DecisionPoint, Peer } from '../pdp/decision-point.ts';

export type SyncOutcome =
  | { readonly kind: 'live'; readonly generation: number; readonly revision: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  /** The source asked to be left alone; `seconds` is the rest of it. */
  | { readonly kind: 'retry_after'; readonly seconds: number; readonly message: string };

export type RulesReading =
  /** JSON text: it may be as long as the policy. */
  | { readonly kind: 'rules'; readonly json: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

export type LogReading =
  /** JSON text. */
  | { readonly kind: 'records'; readonly json: string }
  | { readonly kind: 'invalid' | 'unavailable'; readonly message: string };

export type ResetReply =
  /** What was given up: nothing of it serves any more. */
  | {
      readonly kind: 'done';
      readonly org: string | null;
      readonly revision: string | null;
      readonly governed: readonly string[];
      /** The log has an entry of it. */
      readonly audited: boolean;
    }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  /** `elsewhere`: the caller means another daemon. */
  | { readonly kind: 'invalid' | 'elsewhere'; readonly message: string };

/** What an answer carries that is given without asking the decision point. */
export interface PolicyIdentity {
  readonly revision: string;
  readonly generation: number;
}

/** What the sockets have to do at the moment. */
export interface ApiLoad {
  readonly connections: number;
  /** Connections with input that wait for their turn. */
  readonly waitingForTurn: number;
  /** Lines that wait for their decision. */
  readonly waitingForAnswer: number;
}

/** Everything that the sockets need from the daemon. */
export interface DaemonPort {
  readonly decisionPoint: DecisionPoint;
  identity(): PolicyIdentity;
  /** JSON without secrets (api, `/v1/status`). */
  status(): unknown;
  ready(): boolean;
  /** Prometheus' text format, without its last newline; names of rules only where they may be read. */
  metrics(load: ApiLoad, withRules: boolean): string;
  /** Joins a run in progress; settles when the new generation is live. */
  sync(): Promise<SyncOutcome>;
  /** Gives up all that is known of the organisation; `asked` is what the caller sent. */
  reset(asked: unknown, peer: Peer): Promise<ResetReply>;
  /** All rules, inactive ones with the cause; made on demand, elsewhere. */
  rules(): Promise<RulesReading>;
  /** Decisions that were kept; `query` is what the caller sent. */
  log(query: unknown): Promise<LogReading>;
  /** A connection of this peer was accepted: the moment to look up its home (semantics, Paths 6). */
  welcome?(peer: Peer): void;
  /** `authzen.identifier` of the config: an https URL without path. */
  readonly authzenIdentifier: string;
}

/** The part of the daemon's logger that the sockets use. */
export interface LocalApiLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
