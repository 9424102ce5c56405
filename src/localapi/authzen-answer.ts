import type { Answer } from '../policy/decision.ts';
import type { PolicyIdentity } from './daemon-port.ts';

/** `evaluation response` of AuthZEN: all of our answer but `decision` is in `context`, no member of it `null`. */
export interface AuthzenDecision {
  readonly decision: boolean;
  readonly context: Readonly<Record<string, unknown>>;
}

/** `decision` is true for a native allow only, monitor mode included (authzen, 7, rule 3). */
export function fromAnswer(answer: Answer): AuthzenDecision {
  const { decision, ...context } = answer;
  if (decision === 'allow') return { decision: true, context };
  return {
    decision: false,
    context: {
      ...context,
      reason_user: { '403': answer.support_message ?? 'blocked by policy' },
      // everyone on the machine may ask: nothing here that `reason` has not
      reason_admin: { '403': answer.reason },
    },
  };
}

/** The envelope was right, its content meant nothing. */
export function invalidDecision(reason: string, identity: PolicyIdentity): AuthzenDecision {
  return fromAnswer({
    decision: 'deny',
    kind: 'error',
    code: 'invalid_request',
    reason,
    revision: identity.revision,
    generation: identity.generation,
    ttl_ms: 0,
  });
}

/** An item of a batch that is no evaluation request (authzen, 2, item 3). */
export function faultDecision(message: string): AuthzenDecision {
  return {
    decision: false,
    context: { kind: 'error', code: 'invalid_request', reason: message, error: { status: 400, message } },
  };
}

/** An item that could not be decided; never left out. */
export function undecided(code: 'overloaded' | 'not_ready', reason: string): AuthzenDecision {
  return { decision: false, context: { kind: 'error', code, reason } };
}
