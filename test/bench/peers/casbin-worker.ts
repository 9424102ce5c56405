import { serveEngine } from '../engine-protocol.ts';
import type { GeneratedRule, NetworkQuestion, PathQuestion } from '../policy-generator.ts';
import { requireFrom } from './install.ts';

interface Enforcer {
  readonly addPolicies: (policies: readonly (readonly string[])[]) => Promise<boolean>;
  readonly enforceSync: (...request: readonly string[]) => boolean;
}

interface Casbin {
  readonly newModelFromString: (text: string) => unknown;
  readonly newEnforcer: (model: unknown) => Promise<Enforcer>;
}

const casbin = requireFrom(process.argv[2] ?? '', 'casbin') as Casbin;

/** Hosts are turned around into paths, so that casbin's globs can tell one label from many. */
const MODEL = `
[request_definition]
r = kind, target, port
[policy_definition]
p = kind, pattern, port, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.kind == p.kind && (p.port == "any" || r.port == p.port) && (r.target == p.pattern || (r.kind == "ip4" || r.kind == "ip6" ? ipMatch(r.target, p.pattern) : globMatch(r.target, p.pattern)))
`;

let enforcer: Enforcer | null = null;

function reversed(host: string): string {
  return `/${host.split('.').toReversed().join('/')}`;
}

function policyLine({ decision, resources: [resource] }: GeneratedRule): readonly string[] {
  if (resource.startsWith('/')) return ['path', resource, 'any', decision];
  if (resource.includes('/')) return [resource.includes(':') ? 'ip6' : 'ip4', resource, 'any', decision];
  if (resource.startsWith('**.')) return ['host', `${reversed(resource.slice(3))}/**/*`, 'any', decision];
  if (resource.startsWith('*.')) return ['host', `${reversed(resource.slice(2))}/*`, 'any', decision];
  const [host = '', port = 'any'] = resource.split(':');
  return ['host', reversed(host), port, decision];
}

function requestLine(request: NetworkQuestion | PathQuestion): readonly string[] {
  if (request.action === 'read') return ['path', request.path, 'any'];
  const { host, ip = '', port } = request;
  if (host !== undefined) return ['host', reversed(host), `${port}`];
  return [ip.includes(':') ? 'ip6' : 'ip4', ip, `${port}`];
}

serveEngine({
  load: async (rules) => {
    enforcer = await casbin.newEnforcer(casbin.newModelFromString(MODEL));
    await enforcer.addPolicies(rules.map(policyLine));
  },
  prepare: ({ request }) => requestLine(request),
  decide: (request) => {
    if (enforcer === null) throw new Error('no policy is loaded');
    return enforcer.enforceSync(...request) ? 'allow' : 'deny';
  },
});
