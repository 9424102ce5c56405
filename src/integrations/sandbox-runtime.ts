import { type Client, createClient } from '../client/client.ts';
import type { RequestLabels } from '../client/request.ts';

/** What `@anthropic-ai/sandbox-runtime` asks about: the host as the sandboxed program wrote it. */
export interface AskedHost {
  readonly host: string;
  /** Absent by type only; without it nothing is allowed, because a rule may name the port. */
  readonly port?: number | undefined;
}

/** A denial in words; only releases with `SandboxManager.askCallbackDenyReason` read it as one. */
export interface ReasonedDenial {
  readonly allow: false;
  readonly reason: string;
}

/** The runtime's `SandboxAskCallback`. Only `true` allows; it never rejects. */
export type ReeveAsk = (asked: AskedHost) => Promise<boolean | ReasonedDenial>;

/** How to reach the daemon, and what to tell both sides. */
export interface ReeveAskOptions {
  /** A client of yours, which you close. Default: one of its own, which never keeps the process alive. */
  readonly client?: Pick<Client, 'decide'>;
  /** Path of the decide socket, for a client of its own. Default: as `createClient` finds it. */
  readonly socket?: string;
  /** Recorded with every question: which sandbox, which agent. */
  readonly labels?: RequestLabels;
  /**
   * Answer a denial with reeve's reason, which then reaches the sandboxed program and the violation store. Default
   * false: a release of the runtime without `askCallbackDenyReason` reads any object as an allow.
   */
  readonly denyReasons?: boolean;
}

/**
 * Lets reeve decide what a sandbox of `@anthropic-ai/sandbox-runtime` may connect to. The runtime asks only about hosts
 * that its own lists leave open: keep `allowedDomains` and `deniedDomains` empty and `strictAllowlist` unset.
 *
 * @example
 * ```ts
 * const ask = createReeveAsk({ denyReasons: SandboxManager.askCallbackDenyReason === true });
 * await SandboxManager.initialize({ network: { allowedDomains: [], deniedDomains: [] }, filesystem }, ask);
 * ```
 */
export function createReeveAsk(options: ReeveAskOptions = {}): ReeveAsk {
  const { socket, labels = {}, denyReasons = false } = options;
  const client = options.client ?? createClient(socket === undefined ? {} : { socket });
  const denied = (reason: string): false | ReasonedDenial => (denyReasons ? { allow: false, reason } : false);
  return async ({ host, port }) => {
    if (port === undefined) return denied('the sandbox runtime did not say which port');
    // the raw host: normalising it is the daemon's, so that every spelling meets the same rules (semantics, 3)
    const question = { ...labels, action: 'connect:tcp', host, port } as const;
    // a client of the caller's may be of any make: the runtime must get an answer from it all the same
    const answer = await client.decide(question).catch(() => null);
    if (answer === null) return denied('reeve could not be asked');
    return answer.decision === 'allow' ? true : denied(answer.reason);
  };
}
