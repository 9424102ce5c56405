import { evaluateLine } from '../../src/eval/eval-line.ts';
import type { Answer } from '../../src/policy/decision.ts';

export type Json = Readonly<Record<string, unknown>>;

/** A case of `reeve eval`: org rules in a governed machine, and one question. */
export function judge(org: readonly Json[], request: Json, more: Json = {}, fs = false): Partial<Answer> {
  const governed = { network: true, filesystem: true };
  return JSON.parse(
    evaluateLine(JSON.stringify({ governed, org, request, ...more }), { strict: false, fs }),
  ) as Partial<Answer>;
}

/** What stands in for the answer where the line is no question: `error`. */
export function verdict(org: readonly Json[], request: Json, more: Json = {}, fs = false): string {
  return judge(org, request, more, fs).decision ?? 'error';
}

export function rule(decision: 'allow' | 'deny', actions: readonly string[], ...resources: readonly string[]): Json {
  return { decision, actions, resources };
}

export const TCP = ['connect:tcp'];
export const ALLOW_ALL = rule('allow', ['connect:tcp', 'connect:udp'], '**');
export const ALLOW_FILES = rule('allow', ['read', 'write'], '/**');

export function tcp(host: unknown, port: unknown = 443, more: Json = {}): Json {
  return { action: 'connect:tcp', host, port, ...more };
}

export function read(path: unknown, more: Json = {}): Json {
  return { action: 'read', path, ...more };
}

export function write(path: unknown, more: Json = {}): Json {
  return { action: 'write', path, ...more };
}
