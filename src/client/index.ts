/**
 * `reeve/client`: ask the reeve daemon whether a connection or a path is allowed.
 *
 * It runs in other people's processes: it never throws for a decision, and every failure, timeout or piece of garbage is
 * a denial with the code `daemon_unavailable`.
 */
export type { FilesystemAction, NetworkAction } from '../policy/action.ts';
export type { Answer, CanonicalRequest, DecisionCode, DeterminingRule, Effect, Origin } from '../policy/decision.ts';
export type { ExplainedRule, Explanation, LayerOutcome } from '../policy/explain.ts';
export { type Client, type ClientOptions, createClient, type ExplainReply, type StatusReply } from './client.ts';
export type { FilesystemQuestion, NetworkQuestion, Question, RequestLabels } from './request.ts';
