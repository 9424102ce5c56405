import type { Outbound } from '../../http/outbound.ts';
import type { OutboundAnswer } from '../../http/outbound-answer.ts';
import { OutboundError } from '../../http/outbound-error.ts';
import { type PolicySummary, readPolicyPage } from '../../schema/governance.ts';
import { MAX_LIST_PAGE_BYTES, MAX_LIST_PAGES, MAX_POLICIES, MAX_POLICY_BYTES } from '../../schema/limits.ts';
import { SourceError } from '../source-failure.ts';
import type { AccessTokens } from './access-token.ts';

/** All pages of one list. */
export interface Listing {
  readonly summaries: readonly PolicySummary[];
  /** This machine's clock when the first page was asked for. */
  readonly startedAt: number;
  /** The server's clock when it answered the first page; null = it did not say. */
  readonly serverTime: number | null;
}

export interface GovernanceApi {
  /** A complete listing or an error; never a part of one. */
  list(signal: AbortSignal): Promise<Listing>;
  /** The raw `Policy`; null when it is gone. */
  get(id: string, signal: AbortSignal): Promise<unknown>;
}

export interface GovernanceApiOptions {
  readonly outbound: Outbound;
  readonly tokens: AccessTokens;
  readonly org: string;
  readonly now: () => number;
}

export function createGovernanceApi(options: GovernanceApiOptions): GovernanceApi {
  const root = `/orgs/${encodeURIComponent(options.org)}/governance/policies`;
  return {
    list: (signal) => listAll(options, root, signal),
    async get(id, signal) {
      try {
        const path = `${root}/${encodeURIComponent(id)}`;
        return policyLike((await authorised(options, { path, maxBytes: MAX_POLICY_BYTES }, signal)).value, id);
      } catch (error) {
        if (error instanceof OutboundError && error.code === 'not_found') return null;
        throw error;
      }
    },
  };
}

/** What has no time of its last change is no policy, rather than one that has changed since it was listed. */
function policyLike(value: unknown, id: string): unknown {
  if (typeof value === 'object' && value !== null && 'updated_at' in value) return value;
  throw new SourceError('fetch', 'unexpected_answer', `the answer for policy \`${id}\` is no policy`);
}

async function listAll(options: GovernanceApiOptions, path: string, signal: AbortSignal): Promise<Listing> {
  const startedAt = options.now();
  const summaries: PolicySummary[] = [];
  const seen = new Set<string>();
  let serverTime: number | null = null;
  let pageToken: string | null = null;
  for (let number = 0; number < MAX_LIST_PAGES; number += 1) {
    const query = pageToken === null ? {} : { query: { page_token: pageToken } };
    const answer = await authorised(options, { path, maxBytes: MAX_LIST_PAGE_BYTES, ...query }, signal);
    if (number === 0) serverTime = answer.date;
    const page = readPolicyPage(answer.value);
    if (page.kind !== 'ok')
      throw new SourceError(
        'fetch',
        'unexpected_answer',
        `the policy list is no list: ${page.kind === 'invalid' ? page.message : page.member}`,
      );
    summaries.push(...page.value.data);
    if (summaries.length > MAX_POLICIES)
      throw new SourceError('fetch', 'too_large', `more than ${MAX_POLICIES} policies`);
    pageToken = page.value.nextPageToken;
    if (pageToken === null) return { summaries, startedAt, serverTime };
    if (seen.has(pageToken))
      throw new SourceError('fetch', 'page_loop', 'the policy list leads back to a page it has shown');
    seen.add(pageToken);
  }
  throw new SourceError('fetch', 'too_many_pages', `the policy list has more than ${MAX_LIST_PAGES} pages`);
}

interface Question {
  readonly path: string;
  readonly maxBytes: number;
  readonly query?: Readonly<Record<string, string>>;
}

/** A 401 costs one new token, from the credential file as it is then, and one more try (delivery, Sources 1). */
async function authorised(
  options: GovernanceApiOptions,
  question: Question,
  signal: AbortSignal,
): Promise<OutboundAnswer> {
  const token = await options.tokens.token(signal);
  const request = { method: 'GET', ...question, signal } as const;
  try {
    return await options.outbound.send({ ...request, token });
  } catch (error) {
    if (!(error instanceof OutboundError && error.code === 'unauthenticated')) throw error;
    return await options.outbound.send({ ...request, token: await options.tokens.token(signal, token) });
  }
}
