/** What rules there are, who they come from and which of them count (sections 4 and 5), read naively. */
import type { Domain } from '../../src/policy/action.ts';
import { readDecimal, readRefPrefix } from './reference-address.ts';
import { isNarrowRefNetwork, type RefNetworkPattern, readRefNetworkPattern } from './reference-host.ts';
import { isNarrowRefPath, type RefPathReading, readRefPathPattern } from './reference-path.ts';

export type Raw = Readonly<Record<string, unknown>>;

export interface RefResource {
  readonly text: string;
  readonly network: RefNetworkPattern | null;
  readonly path: RefPathReading | null;
}

export interface RefRule {
  readonly origin: 'builtin' | 'org' | 'local' | 'preset';
  readonly policy: string;
  readonly id: string;
  readonly effect: 'allow' | 'deny';
  readonly actions: readonly string[];
  readonly resources: readonly RefResource[];
  readonly asksApproval: boolean;
}

export interface RefRules {
  /** In the order in which determining rules are named. */
  readonly rules: readonly RefRule[];
  readonly closed: ReadonlySet<Domain>;
  readonly governed: Readonly<Record<Domain, boolean>>;
}

const ORIGINS = ['builtin', 'org', 'local', 'preset'];
const KNOWN_KEYS = ['id', 'name', 'decision', 'actions', 'resources', 'http_resources'];
const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options', 'connect', 'trace'];

export function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function domainOfAction(action: unknown): Domain | null {
  if (typeof action !== 'string') return null;
  if (action === 'connect:tcp' || action === 'connect:udp') return 'network';
  if (action.startsWith('request:') && METHODS.includes(action.slice(8))) return 'network';
  return action === 'read' || action === 'write' ? 'filesystem' : null;
}

function domainsOf(actions: readonly unknown[]): readonly Domain[] {
  const known = actions.map(domainOfAction).filter((domain) => domain !== null);
  return [...new Set(known)];
}

/** Local files: absent actions are read off the decision and the resource (delivery, local override files). */
function actionsOf(raw: Raw, local: boolean): readonly unknown[] {
  if (raw['actions'] !== undefined || !local) return list(raw['actions']);
  const isPath = list(raw['resources']).some((text) => typeof text === 'string' && /^[/~]/.test(text));
  const both = isPath ? ['read', 'write'] : ['connect:tcp', 'connect:udp'];
  return raw['decision'] === 'deny' ? both : both.slice(0, 1);
}

function readResource(text: unknown, domain: Domain, deny: boolean, local: boolean): RefResource | null {
  if (domain === 'network') {
    const network = readRefNetworkPattern(text);
    return network === null ? null : { text: String(text), network, path: null };
  }
  const path = readRefPathPattern(text);
  if (path.kind === 'bad') return null;
  // Paths 6: variables and `~other` are refused in local files; a deny of an org without a meaning cannot be parsed
  if (path.kind === 'variable' && (local || (deny && path.deny === null))) return null;
  return { text: String(text), network: null, path };
}

/** Section 5: the destination of an HTTP rule is `host[:port]`, no CIDR. */
function readHttpTarget(target: unknown): RefResource | null {
  if (!isRaw(target) || typeof target['host'] !== 'string' || readRefPrefix(target['host']) !== null) return null;
  const port = target['port'];
  if (port !== undefined && (typeof port !== 'number' || readDecimal(String(port), 65535) === null)) return null;
  const text = port === undefined ? target['host'] : `${target['host']}:${port}`;
  const network = readRefNetworkPattern(text);
  return network === null || network.kind === 'prefix' ? null : { text, network, path: null };
}

type RuleReading =
  | { readonly kind: 'rule'; readonly rule: RefRule }
  | { readonly kind: 'inert' }
  /** A deny, or a rule with an unknown decision, that cannot be evaluated; null = both domains. */
  | { readonly kind: 'closes'; readonly domains: readonly Domain[] | null };

interface Place {
  readonly origin: RefRule['origin'];
  readonly policy: string;
  readonly domain: Domain | null;
  readonly asksApproval: boolean;
}

function unparsable(raw: Raw, place: Place): RuleReading {
  if (raw['decision'] === 'allow') return { kind: 'inert' };
  if (raw['decision'] !== 'deny') return { kind: 'closes', domains: null };
  const domains = domainsOf(actionsOf(raw, place.origin === 'local'));
  const all = place.domain === null ? domains : [...domains, place.domain];
  return { kind: 'closes', domains: all.length === 0 ? null : all };
}

function readRule(value: unknown, place: Place): RuleReading {
  const raw = isRaw(value) ? value : {};
  const local = place.origin === 'local';
  const actions = actionsOf(raw, local);
  const [domain, ...others] = domainsOf(actions);
  const deny = raw['decision'] === 'deny';
  const http = actions.every((action) => typeof action === 'string' && action.startsWith('request:'));
  const resources = http
    ? list(raw['http_resources']).map(readHttpTarget)
    : list(raw['resources']).map((text) => readResource(text, domain ?? 'network', deny, local));
  const sound =
    (deny || raw['decision'] === 'allow') &&
    Object.keys(raw).every((key) => KNOWN_KEYS.includes(key)) &&
    raw[http ? 'resources' : 'http_resources'] === undefined &&
    domain !== undefined &&
    others.length === 0 &&
    actions.every((action) => domainOfAction(action) !== null) &&
    (http || actions.every((action) => typeof action === 'string' && !action.startsWith('request:'))) &&
    resources.length > 0 &&
    resources.every((resource) => resource !== null);
  if (!sound) return unparsable(raw, place);
  if (http && !deny) return { kind: 'inert' };
  const rule: RefRule = {
    origin: place.origin,
    policy: place.policy,
    id: typeof raw['id'] === 'string' ? raw['id'] : '',
    effect: deny ? 'deny' : 'allow',
    actions: http ? ['connect:tcp', 'connect:udp'] : actions.map(String),
    resources,
    asksApproval: place.asksApproval,
  };
  return { kind: 'rule', rule };
}

function isNarrow(rule: RefRule): boolean {
  return rule.resources.every(({ network, path }) => {
    if (network !== null) return isNarrowRefNetwork(network);
    // another platform's path grants nothing here, so it widens nothing
    return path?.kind === 'foreign' || (path?.kind === 'pattern' && isNarrowRefPath(path.pattern));
  });
}

const TAKES_PART = [undefined, 'active', 'approved'];
const TAKES_NO_PART = ['draft', 'in_review', 'pending_review', 'rejected', 'archived'];

interface RefPolicy {
  readonly raw: Raw;
  readonly id: string;
  readonly domain: Domain | null;
  readonly rules: readonly unknown[];
}

function readPolicy(raw: Raw): RefPolicy {
  const body = isRaw(raw['allowlist_v0']) ? raw['allowlist_v0'] : {};
  const rules = list(body['rules']);
  const derived = domainsOf(rules.flatMap((rule) => (isRaw(rule) ? list(rule['actions']) : [])))[0] ?? null;
  const said = body['domain'];
  const domain = said === 'network' || said === 'filesystem' ? said : derived;
  return { raw, id: String(raw['id']), domain, rules };
}

function time(text: unknown, absent: number): number {
  return typeof text === 'string' ? Date.parse(text) : absent;
}

/** Section 4, 5 and unknown types; teams are asked about apart. */
function takesPart(policy: RefPolicy, now: number): boolean {
  const type = policy.raw['type'];
  if (type !== undefined && type !== 'allowlist_v0') return false;
  if (time(policy.raw['valid_from'], -Infinity) > now || time(policy.raw['valid_until'], Infinity) <= now) return false;
  return policy.raw['enabled'] !== false && TAKES_PART.includes(policy.raw['status'] as string | undefined);
}

/** Section 4, 4: which effects of a policy reach this machine. */
function reaches(policy: RefPolicy, teams: unknown, effect: 'allow' | 'deny'): boolean {
  const scope = isRaw(policy.raw['scope']) ? list(policy.raw['scope']['teams']) : [];
  if (scope.length === 0) return true;
  return Array.isArray(teams) ? scope.some((team) => teams.includes(team)) : effect === 'deny';
}

/** Section 4, 6, the part that no installation may do without: configuration and everybody's local files. */
const BUILTIN = [
  { id: 'builtin', decision: 'deny', actions: ['write'], resources: ['/etc/reeve/**', '~/.config/reeve/local.d/**'] },
];

const OPEN_PRESET = [
  { id: 'open-network', decision: 'allow', actions: ['connect:tcp', 'connect:udp'], resources: ['**'] },
  { id: 'open-filesystem', decision: 'allow', actions: ['read', 'write'], resources: ['**'] },
];

/** Section 5: governed as said, else by the first rule or policy that takes part. */
function governedBy(input: Raw, policies: readonly RefPolicy[], domain: Domain): boolean {
  const said = isRaw(input['governed']) ? input['governed'][domain] : undefined;
  if (typeof said === 'boolean') return said;
  const byRule = list(input['org']).some((rule) => {
    const domains = domainsOf(isRaw(rule) ? list(rule['actions']) : []);
    return domains.length === 0 || domains.includes(domain);
  });
  return byRule || policies.some((policy) => policy.domain === domain);
}

/** All rules of a case that count, in naming order, and the domains that rules closed. */
export function readRefRules(input: Raw): RefRules {
  const closed = new Set<Domain>();
  const both: readonly Domain[] = ['network', 'filesystem'];
  const everyPolicy = list(input['policies']).filter(isRaw).map(readPolicy);
  const statuses = [...TAKES_PART, ...TAKES_NO_PART];
  if (everyPolicy.some((policy) => !statuses.includes(policy.raw['status'] as string | undefined))) {
    for (const domain of both) closed.add(domain);
  }
  const policies = everyPolicy
    .filter((policy) => takesPart(policy, time(input['now'], 0)))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const governed = {
    network: governedBy(input, policies, 'network'),
    filesystem: governedBy(input, policies, 'filesystem'),
  };
  const delegatedTo = isRaw(input['delegated']) ? input['delegated'] : {};
  const rules: RefRule[] = [];
  const add = (raw: unknown, place: Place, counts: (rule: RefRule, domain: Domain) => boolean): void => {
    const reading = readRule(raw, place);
    if (reading.kind === 'closes') for (const domain of reading.domains ?? both) closed.add(domain);
    if (reading.kind !== 'rule') return;
    const domain = domainOfAction(reading.rule.actions[0]) ?? 'network';
    if (counts(reading.rule, domain)) rules.push(reading.rule);
  };
  const orgCounts = (rule: RefRule, domain: Domain): boolean => rule.effect === 'deny' || governed[domain];

  for (const raw of BUILTIN) {
    add(raw, { origin: 'builtin', policy: 'reeve', domain: null, asksApproval: false }, () => true);
  }
  for (const raw of list(input['org'])) {
    add(raw, { origin: 'org', policy: 'org', domain: null, asksApproval: false }, orgCounts);
  }
  for (const policy of policies) {
    const asksApproval = Boolean(policy.raw['approval_required']) || Boolean(policy.raw['require_approval']);
    const place: Place = { origin: 'org', policy: policy.id, domain: policy.domain, asksApproval };
    for (const raw of policy.rules) {
      const effect = isRaw(raw) && raw['decision'] === 'allow' ? 'allow' : 'deny';
      if (reaches(policy, input['teams'], effect)) add(raw, place, orgCounts);
    }
  }
  for (const raw of list(input['local'])) {
    add(raw, { origin: 'local', policy: 'local', domain: null, asksApproval: false }, (rule, domain) => {
      if (rule.effect === 'deny' || !governed[domain]) return true;
      return delegatedTo[domain] === true && isNarrow(rule);
    });
  }
  for (const raw of input['preset'] === 'open' ? OPEN_PRESET : []) {
    const place: Place = { origin: 'preset', policy: 'open', domain: null, asksApproval: false };
    add(raw, place, (_rule, domain) => !governed[domain]);
  }
  const byName = rules
    .map((rule, position) => ({ rule, position }))
    .sort((a, b) => {
      const order = ORIGINS.indexOf(a.rule.origin) - ORIGINS.indexOf(b.rule.origin);
      if (order !== 0) return order;
      return a.rule.policy === b.rule.policy ? a.position - b.position : a.rule.policy < b.rule.policy ? -1 : 1;
    });
  return { rules: byName.map(({ rule }) => rule), closed, governed };
}
