import type { Answer } from '../policy/decision.ts';
import type { PolicyIdentity } from './daemon-port.ts';

/** `evaluation response` of AuthZEN: all of our answer but `decision` is in `context`, no member of it `null`. */
export interface AuthzenDecision {
  readonly decision: boolean;
  readonly context: Readonly<Record<string, unknown>>;
}

const BLOCKED = 'blocked by policy';

/** `decision` is true for a native allow only, monitor mode included (authzen, 7, rule 3). */
export function fromAnswer(answer: Answer): AuthzenDecision {
  const { decision, ...context } = answer;
  if (decision === 'allow') return { decision: true, context };
  return {
    decision: false,
    context: {
      ...context,
      reason_user: { '403': answer.support_message ?? BLOCKED },
      // everyone on the machine may ask: nothing here that `reason` has not
      reason_admin: { '403': answer.reason },
    },
  };
}

const ALLOW = '{"decision":"allow",';
const DENY = '{"decision":"deny",';
/** What every denial begins with: words that need no escape, up to the text of its reason. */
const DENY_TO_REASON = /^\{"decision":"deny","kind":"[a-z]+","code":"[a-z_]+","reason":"/;
const SUPPORT_MESSAGE = ',"support_message":';
const [QUOTE, BACKSLASH, CLOSE] = [0x22, 0x5c, 0x7d] as const;

/**
 * The same, of an answer that is JSON already and as JSON: it differs in its first member and, of a denial, its last
 * ones, so that the rest is taken over as it is. Quotes inside a JSON string are escaped: a member's name between two
 * bare ones is a member's name.
 */
export function fromAnswerText(answer: string): string {
  if (isAllow(answer)) return `{"decision":true,"context":{${answer.slice(ALLOW.length)}}`;
  return denialText(answer) ?? JSON.stringify(fromAnswer(JSON.parse(answer) as Answer));
}

export function isAllow(answer: string): boolean {
  return answer.startsWith(ALLOW);
}

/** The same of a decision that was made here. */
export function isPermit(decision: string): boolean {
  return decision.startsWith('{"decision":true,');
}

/** null: it is put together in another way than denials are. */
function denialText(answer: string): string | null {
  const start = (DENY_TO_REASON.exec(answer)?.[0].length ?? 0) - 1;
  if (start < 0) return null;
  const end = endOfString(answer, start);
  const last = answer.length - 1;
  if (end > last || answer.charCodeAt(last) !== CLOSE) return null;
  const reason = answer.slice(start, end);
  const support = answer.indexOf(SUPPORT_MESSAGE, end);
  let user = `"${BLOCKED}"`;
  if (support !== -1) {
    const from = support + SUPPORT_MESSAGE.length;
    if (answer.charCodeAt(from) !== QUOTE || endOfString(answer, from) !== last) return null;
    user = answer.slice(from, last);
  }
  return `{"decision":false,"context":{${answer.slice(DENY.length, last)},"reason_user":{"403":${user}},"reason_admin":{"403":${reason}}}}`;
}

/** The index behind the closing quote of the JSON string that opens at `start`; that of no character if there is none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end + 1;
  }
  return text.length + 1;
}

/** The envelope was right, its content meant nothing. */
export function invalidDecision(reason: string, identity: PolicyIdentity): string {
  const { revision, generation } = identity;
  const code = 'invalid_request';
  return JSON.stringify(fromAnswer({ decision: 'deny', kind: 'error', code, reason, revision, generation, ttl_ms: 0 }));
}

/** An item of a batch that is no evaluation request (authzen, 2, item 3). */
export function faultDecision(message: string): string {
  return denial({ kind: 'error', code: 'invalid_request', reason: message, error: { status: 400, message } });
}

/** An item that could not be decided; never left out. */
export function undecided(code: 'overloaded' | 'not_ready', reason: string): string {
  return denial({ kind: 'error', code, reason });
}

function denial(context: AuthzenDecision['context']): string {
  return JSON.stringify({ decision: false, context });
}
