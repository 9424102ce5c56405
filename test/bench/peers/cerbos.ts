import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GeneratedRule, NetworkQuestion, PathQuestion, Question } from '../policy-generator.ts';
import type { Program } from '../processes.ts';

/**
 * naive: every rule is a condition of its own, so the answer names the rule. expert: keys in constant maps; the caller
 * sends all suffixes and prefixes, and no answer says which rule it was.
 */
export type CerbosStyle = 'naive' | 'expert';

export interface CerbosServer {
  readonly program: Program;
  readonly socket: string;
}

const ROUTE = '/api/check/resources';

export function prepareCerbos(directory: string, binary: string, policies: readonly object[]): CerbosServer {
  const at = (name: string): string => join(directory, name);
  mkdirSync(at('policies'), { recursive: true });
  for (const [index, policy] of policies.entries())
    writeFileSync(at(`policies/p${index}.json`), JSON.stringify(policy));
  const config = {
    server: { httpListenAddr: `unix:${at('http.sock')}`, grpcListenAddr: `unix:${at('grpc.sock')}` },
    storage: { driver: 'disk', disk: { directory: at('policies'), watchForChanges: false } },
    telemetry: { disabled: true },
  };
  writeFileSync(at('config.json'), JSON.stringify(config));
  const args = ['server', `--config=${at('config.json')}`, '--log-level=error'];
  return { program: { command: binary, args }, socket: at('http.sock') };
}

export function cerbosPolicies(rules: readonly GeneratedRule[], style: CerbosStyle): readonly object[] {
  const kinds = ['host', 'ip', 'path'] as const;
  const of = (kind: string): readonly GeneratedRule[] => rules.filter((rule) => kindOf(rule) === kind);
  return kinds.map((kind) => (style === 'naive' ? naivePolicy(kind, of(kind)) : expertPolicy(kind, of(kind))));
}

function kindOf({ resources: [resource] }: GeneratedRule): 'host' | 'ip' | 'path' {
  if (resource.startsWith('/')) return 'path';
  return resource.includes('/') ? 'ip' : 'host';
}

function policy(kind: string, rules: readonly object[], more: object = {}): object {
  return { apiVersion: 'api.cerbos.dev/v1', ...more, resourcePolicy: { resource: kind, version: 'default', rules } };
}

function rule(name: string, decision: 'allow' | 'deny', expr: string): object {
  const effect = decision === 'allow' ? 'EFFECT_ALLOW' : 'EFFECT_DENY';
  return { name, actions: ['use'], effect, roles: ['*'], condition: { match: { expr } } };
}

function naivePolicy(kind: string, rules: readonly GeneratedRule[]): object {
  return policy(
    kind,
    rules.map(({ id, decision, resources: [resource] }) => rule(id, decision, condition(resource))),
  );
}

function condition(resource: string): string {
  if (resource.startsWith('/')) return pathCondition(resource);
  if (resource.includes('/')) return `R.attr.ip.inIPAddrRange("${resource}")`;
  if (resource.startsWith('**.')) return `R.attr.host.endsWith(".${resource.slice(3)}")`;
  if (resource.startsWith('*.')) {
    const suffix = resource.slice(2);
    const pattern = `^[^.]+\\\\.${suffix.replaceAll('.', '\\\\.')}$`;
    return `R.attr.host.endsWith(".${suffix}") && R.attr.host.matches("${pattern}")`;
  }
  const [host = '', port] = resource.split(':');
  return port === undefined ? `R.attr.host == "${host}"` : `R.attr.host == "${host}" && R.attr.port == ${port}.0`;
}

function pathCondition(resource: string): string {
  if (!resource.includes('*')) return `R.attr.path == "${resource}"`;
  if (resource.endsWith('/**')) {
    const base = resource.slice(0, -3);
    return `R.attr.path == "${base}" || R.attr.path.startsWith("${base}/")`;
  }
  const [before = '', after = ''] = resource.split('*');
  const pattern = `^${before}[^/]+${after.replaceAll('.', '\\\\.')}$`;
  return `R.attr.path.startsWith("${before}") && R.attr.path.matches("${pattern}")`;
}

/** Two rules a kind: what is allowed, and what is denied. */
function expertPolicy(kind: 'host' | 'ip' | 'path', rules: readonly GeneratedRule[]): object {
  const constants: Record<string, unknown> = {};
  const expressions = (['allow', 'deny'] as const).map((decision) => {
    const resources = rules.filter((entry) => entry.decision === decision).map(({ resources: [resource] }) => resource);
    const name = decision === 'allow' ? 'a' : 'd';
    if (kind === 'ip') {
      constants[name] = resources;
      return rule(decision, decision, `C.${name}.exists(c, R.attr.ip.inIPAddrRange(c))`);
    }
    constants[name] = Object.fromEntries(resources.map((resource) => [resource, true]));
    return rule(decision, decision, `R.attr.keys.exists(k, k in C.${name})`);
  });
  const document = policy(kind, expressions) as { resourcePolicy: object };
  return { ...document, resourcePolicy: { ...document.resourcePolicy, constants: { local: constants } } };
}

/** The question as the style needs it: the attributes, or every key under which a rule for it could stand. */
export function cerbosRequest({ request }: Question, style: CerbosStyle): string {
  const kind = request.action === 'read' ? 'path' : request.host === undefined ? 'ip' : 'host';
  const attr = style === 'expert' && kind !== 'ip' ? { keys: keysOf(request) } : attributesOf(request);
  const body = JSON.stringify({
    requestId: 'bench',
    principal: { id: 'bench', roles: ['user'] },
    resources: [{ actions: ['use'], resource: { kind, id: 'it', attr } }],
  });
  const head = ['Host: localhost', 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`];
  return `POST ${ROUTE} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n${body}`;
}

export function cerbosVerdict(answer: string): 'allow' | 'deny' {
  return answer.includes('EFFECT_ALLOW') ? 'allow' : 'deny';
}

function attributesOf(request: NetworkQuestion | PathQuestion): object {
  if (request.action === 'read') return { path: request.path };
  return request.host === undefined ? { ip: request.ip } : { host: request.host, port: request.port };
}

function keysOf(request: NetworkQuestion | PathQuestion): readonly string[] {
  if (request.action === 'read') return pathKeys(request.path);
  const { host = '', port } = request;
  const labels = host.split('.');
  const suffixes = labels.map((_, index) => labels.slice(index + 1).join('.')).filter((suffix) => suffix !== '');
  return [host, `${host}:${port}`, `*.${suffixes[0] ?? ''}`, ...suffixes.map((suffix) => `**.${suffix}`)];
}

function pathKeys(path: string): readonly string[] {
  const segments = path.split('/').slice(1);
  const trees = segments.map((_, index) => `/${segments.slice(0, index + 1).join('/')}/**`);
  const starred = segments.map((_, index) => `/${segments.with(index, '*').join('/')}`);
  return [path, ...trees, ...starred];
}
