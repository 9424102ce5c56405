import { quoted } from '../../http/problem.ts';
import { done, invalid, type Outcome } from '../outcome.ts';

export type Members = Readonly<Record<string, unknown>>;

interface MemberRules {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** How the object is called in messages: `the body`, `` `scope` ``. */
  readonly subject: string;
}

/** A JSON object with known members only: what is not understood is never dropped silently. */
export function readMembers(value: unknown, rules: MemberRules): Outcome<Members> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return invalid(`${rules.subject} must be a JSON object`);
  }
  // own members only: `constructor` and the like are unknown members as any other
  const members = new Map<string, unknown>(Object.entries(value));
  const known = [...rules.required, ...rules.optional];
  for (const name of members.keys()) {
    if (!known.includes(name)) {
      const list = known.map((each) => `\`${each}\``).join(', ');
      return invalid(`unknown member ${quoted(name)}: ${rules.subject} takes ${list}`);
    }
  }
  const missing = rules.required.find((name) => !members.has(name));
  if (missing !== undefined) return invalid(`${missing} is required`);
  return done(Object.fromEntries(members));
}
