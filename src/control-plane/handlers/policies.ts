import { quoted } from '../../http/problem.ts';
import { type Call, failed, type Reply, replyWith } from '../endpoint.ts';
import { MAX_LIST_BYTES } from '../limits.ts';
import { type Failure, invalid } from '../outcome.ts';
import { pageToken, readPage } from '../page.ts';
import type { PolicyHead } from '../policy.ts';
import { readNewPolicy, readPolicyChange } from '../read/policy-body.ts';
import { renderHead, renderPolicy } from '../render.ts';
import {
  createPolicy,
  deletePolicy,
  findPolicy,
  listPolicies,
  POLICY_NOT_FOUND,
  type PolicyKey,
  updatePolicy,
} from '../store/policies.ts';

export function listPoliciesEndpoint({ services, params, query }: Call): Reply {
  const page = readPage(query);
  if (page.kind === 'failure') return failed(page);
  const { after, size } = page.value;
  const found = listPolicies(services.tables, orgOf(params), { after, limit: size + 1 });
  const shown = whatFits(found.slice(0, size));
  const last = shown.at(-1);
  const more = last !== undefined && shown.length < found.length;
  return { status: 200, body: { data: shown.map(renderHead), next_page_token: more ? pageToken(last.id) : null } };
}

export function createPolicyEndpoint({ services, params, body }: Call): Reply {
  const content = readNewPolicy(body);
  if (content.kind === 'failure') return failed(content);
  const stranger = strangerAmong(services, orgOf(params), content.value.teams);
  if (stranger !== null) return failed(stranger);
  return replyWith(201, createPolicy(services.tables, orgOf(params), content.value), renderPolicy);
}

export function getPolicyEndpoint({ services, params }: Call): Reply {
  const { org, policyId } = policyKey(params);
  const policy = findPolicy(services.tables, org, policyId);
  return policy === null ? failed(POLICY_NOT_FOUND) : { status: 200, body: renderPolicy(policy) };
}

export function updatePolicyEndpoint({ services, params, body }: Call): Reply {
  const change = readPolicyChange(body);
  if (change.kind === 'failure') return failed(change);
  const stranger = strangerAmong(services, orgOf(params), change.value.teams ?? []);
  if (stranger !== null) return failed(stranger);
  return replyWith(200, updatePolicy(services.tables, policyKey(params), change.value), (pair) => ({
    new: renderPolicy(pair.new),
    old: renderPolicy(pair.old),
  }));
}

export function deletePolicyEndpoint({ services, params }: Call): Reply {
  return replyWith(200, deletePolicy(services.tables, policyKey(params)), (policy) => ({
    deleted: renderPolicy(policy),
  }));
}

export function policyKey(params: Readonly<Record<string, string>>): PolicyKey {
  return { org: orgOf(params), policyId: params['policy_id'] ?? '' };
}

function orgOf(params: Readonly<Record<string, string>>): string {
  return params['org_name'] ?? '';
}

/** "Each must be a valid team in the org": a team that was named before and removed since is no valid one either. */
function strangerAmong(services: Call['services'], org: string, teams: readonly string[]): Failure | null {
  const stranger = services.unknownTeam(org, teams);
  return stranger === null ? null : invalid(`\`scope.teams\`: ${quoted(stranger)} is no team of the organization`);
}

/** Scopes may be long: a page ends early rather than grow beyond what a client may be expected to take. */
function whatFits(heads: readonly PolicyHead[]): readonly PolicyHead[] {
  let bytes = 0;
  const end = heads.findIndex((head) => {
    bytes += Buffer.byteLength(JSON.stringify(renderHead(head)), 'utf8');
    return bytes > MAX_LIST_BYTES;
  });
  return end === -1 ? heads : heads.slice(0, Math.max(1, end));
}
