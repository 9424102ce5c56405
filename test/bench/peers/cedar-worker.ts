import { serveEngine } from '../engine-protocol.ts';
import type { GeneratedRule, NetworkQuestion, PathQuestion } from '../policy-generator.ts';
import { requireFrom } from './install.ts';

interface Cedar {
  readonly preparsePolicySet: (id: string, set: { staticPolicies: Record<string, string> }) => { type: string };
  readonly statefulIsAuthorized: (call: object) => { type: string; response?: { decision: 'allow' | 'deny' } };
}

// Cedar in its fastest form in Node: the policy set is parsed once and stays in the wasm module.
const cedar = requireFrom(process.argv[2] ?? '', '@cedar-policy/cedar-wasm/nodejs') as Cedar;
const SET = 'bench';

function policyText({ decision, resources: [resource] }: GeneratedRule): string {
  const effect = decision === 'allow' ? 'permit' : 'forbid';
  const when = (condition: string): string => `${effect}(principal, action, resource) when { ${condition} };`;
  const only = (entity: string, more: string): string => `${effect}(principal, action, resource == ${entity})${more};`;
  if (resource.startsWith('/')) return pathPolicy(resource, when, only);
  if (resource.includes('/')) return when(`context has ip && context.ip.isInRange(ip("${resource}"))`);
  if (resource.startsWith('**.')) return when(`context has host && context.host like "*.${resource.slice(3)}"`);
  if (resource.startsWith('*.')) {
    const suffix = resource.slice(2);
    return when(`context has host && context.host like "*.${suffix}" && !(context.host like "*.*.${suffix}")`);
  }
  const [host = '', port] = resource.split(':');
  return only(`Host::"${host}"`, port === undefined ? '' : ` when { context.port == ${port} }`);
}

function pathPolicy(
  resource: string,
  when: (condition: string) => string,
  only: (entity: string, more: string) => string,
): string {
  if (resource.endsWith('/**')) {
    const base = resource.slice(0, -3);
    return when(`context has path && (context.path == "${base}" || context.path like "${base}/*")`);
  }
  if (!resource.includes('*')) return only(`Path::"${resource}"`, '');
  const deeper = resource.replace('/*/', '/*/*/');
  return when(`context has path && context.path like "${resource}" && !(context.path like "${deeper}")`);
}

function callFor(request: NetworkQuestion | PathQuestion): object {
  const { action } = request;
  const head = { principal: { type: 'Agent', id: 'bench' }, action: { type: 'Action', id: action }, entities: [] };
  const rest = { preparsedPolicySetId: SET, validateRequest: false };
  if (request.action === 'read') {
    return { ...head, ...rest, resource: { type: 'Path', id: request.path }, context: { path: request.path } };
  }
  const { host, ip, port } = request;
  if (host !== undefined) return { ...head, ...rest, resource: { type: 'Host', id: host }, context: { host, port } };
  const context = { ip: { __extn: { fn: 'ip', arg: ip } }, port };
  return { ...head, ...rest, resource: { type: 'Address', id: ip }, context };
}

serveEngine({
  load: (rules) => {
    const staticPolicies = Object.fromEntries(rules.map((rule) => [rule.id, policyText(rule)]));
    const parsed = cedar.preparsePolicySet(SET, { staticPolicies });
    if (parsed.type !== 'success')
      throw new Error(`Cedar does not take the policies: ${JSON.stringify(parsed).slice(0, 300)}`);
  },
  prepare: ({ request }) => callFor(request),
  decide: (call) => {
    const answer = cedar.statefulIsAuthorized(call);
    if (answer.response === undefined) throw new Error(JSON.stringify(answer).slice(0, 300));
    return answer.response.decision;
  },
});
