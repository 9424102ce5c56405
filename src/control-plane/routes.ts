import { type Route, routeTable } from '../http/route-table.ts';
import type { Access, Endpoint } from './endpoint.ts';
import {
  createPolicyEndpoint,
  deletePolicyEndpoint,
  getPolicyEndpoint,
  listPoliciesEndpoint,
  updatePolicyEndpoint,
} from './handlers/policies.ts';
import { createRuleEndpoint, deleteRuleEndpoint, updateRuleEndpoint } from './handlers/rules.ts';
import { exchangeTokenEndpoint } from './handlers/token.ts';

const POLICIES = '/v2/orgs/{org_name}/governance/policies';
const POLICY = `${POLICIES}/{policy_id}`;
const RULES = `${POLICY}/rules`;
const RULE = `${RULES}/{rule_id}`;

/** Everything the control plane answers, a line each. */
export const ROUTES: readonly Route<Endpoint>[] = [
  route('POST /v2/auth/token', 'public', exchangeTokenEndpoint),
  route(`GET ${POLICIES}`, 'read', listPoliciesEndpoint),
  route(`POST ${POLICIES}`, 'write', createPolicyEndpoint),
  route(`GET ${POLICY}`, 'read', getPolicyEndpoint),
  route(`PATCH ${POLICY}`, 'write', updatePolicyEndpoint),
  route(`DELETE ${POLICY}`, 'write', deletePolicyEndpoint),
  route(`POST ${RULES}`, 'write', createRuleEndpoint),
  route(`PATCH ${RULE}`, 'write', updateRuleEndpoint),
  route(`DELETE ${RULE}`, 'write', deleteRuleEndpoint),
];

export const ROUTE_TABLE = routeTable(ROUTES);

function route(line: string, access: Access, handle: Endpoint['handle']): Route<Endpoint> {
  const [method = '', pattern = ''] = line.split(' ');
  return { method, pattern, endpoint: { access, takesBody: method === 'POST' || method === 'PATCH', handle } };
}
