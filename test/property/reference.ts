/**
 * The reference evaluator: the decision semantics once more, written from the text alone and as plainly as possible. Every
 * rule is tried against every request; nothing is indexed, cached or shared with the evaluator under test. It reads
 * the cases of `reeve eval`, looks at no disk and no clock, and is far too slow to serve anybody.
 */
import {
  embeddedIn,
  GUARD_RANGES,
  isThisMachine,
  prefixInside,
  type RefAddress,
  type RefRange,
  rangeHolds,
  readRefAddress,
  sameAddress,
} from './reference-address.ts';
import {
  patternMatchesAddress,
  patternMatchesAll,
  patternMatchesName,
  type RefNetworkPattern,
  readRefHost,
} from './reference-host.ts';
import {
  concrete,
  concreteAtHome,
  covers,
  holdsMagic,
  intersects,
  passesMagic,
  pathMatches,
  type RefPathPattern,
  type RefSegment,
  readRefPath,
  readRefPathPattern,
  readRefReal,
  showPath,
} from './reference-path.ts';
import { isRaw, type Raw, type RefResource, type RefRule, type RefRules, readRefRules } from './reference-rules.ts';

export interface ReferenceRule {
  readonly id: string;
  readonly policy: string;
  readonly origin: string;
  readonly resource: string;
}

export interface ReferenceAnswer {
  readonly decision: 'allow' | 'deny';
  readonly code: string;
  readonly rule: ReferenceRule | null;
  readonly resolvedPath: string | null;
  /** False only for a name without addresses. */
  readonly ipChecked: boolean;
}

interface Hit {
  readonly rule: RefRule;
  readonly resource: RefResource;
}

/** Everything that was found; section 6 picks the code. */
interface Findings {
  readonly denies: readonly Hit[];
  readonly guarded: boolean;
  readonly approvals: readonly Hit[];
  readonly grants: readonly Hit[];
  readonly granted: boolean;
}

const NOTHING = { rule: null, resolvedPath: null, ipChecked: true };

function refuse(code: string): ReferenceAnswer {
  return { decision: 'deny', code, ...NOTHING };
}

function named(hit: Hit | undefined): ReferenceRule | null {
  if (hit === undefined) return null;
  const { id, policy, origin } = hit.rule;
  return { id, policy, origin, resource: hit.resource.text };
}

/** Section 6: the first cause in the order of the codes, and the first rule of that code. */
function pick(found: Findings): ReferenceAnswer {
  for (const origin of ['builtin', 'org', 'local'] as const) {
    const deny = found.denies.find((hit) => hit.rule.origin === origin);
    if (deny !== undefined) return { ...refuse(`${origin}_deny`), rule: named(deny) };
  }
  if (found.guarded) return refuse('address_guard');
  const [approval] = found.approvals;
  if (approval !== undefined) return { ...refuse('approval_required'), rule: named(approval) };
  const [grant] = found.grants;
  if (!found.granted || grant === undefined) return refuse('default_deny');
  return { decision: 'allow', code: `${grant.rule.origin}_allow`, ...NOTHING, rule: named(grant) };
}

/** Every (rule, resource) of one effect that is about this action, in naming order. */
function hitsOf(rules: RefRules, effect: 'allow' | 'deny', action: unknown): readonly Hit[] {
  return rules.rules
    .filter((rule) => rule.effect === effect && rule.actions.includes(String(action)))
    .flatMap((rule) => rule.resources.map((resource) => ({ rule, resource })));
}

interface NetworkTarget {
  readonly name: string | null;
  readonly addresses: readonly RefAddress[];
  readonly port: number;
}

function readAddresses(raw: unknown): readonly RefAddress[] | null {
  if (raw === undefined || raw === null) return [];
  const texts: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  const addresses = texts.map(readRefAddress).filter((address) => address !== null);
  return addresses.length === 0 || addresses.length > 64 || addresses.length !== texts.length ? null : addresses;
}

function readTarget(request: Raw): NetworkTarget | null {
  const port = request['port'];
  const addresses = readAddresses(request['ip']);
  if (addresses === null || typeof port !== 'number' || port < 1 || port > 65535) return null;
  if (request['host'] === undefined || request['host'] === null) {
    return addresses.length === 0 ? null : { name: null, addresses, port };
  }
  const host = readRefHost(request['host']);
  if (host === null) return null;
  if (host.kind === 'name') return { name: host.name, addresses, port };
  // Names 3: an address as host must equal every address given beside it
  if (!addresses.every((address) => sameAddress(address, host.address))) return null;
  return { name: null, addresses: [host.address], port };
}

function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

const LOOPBACK = ['127.0.0.1', '::1'].map((text) => readRefAddress(text)).filter((address) => address !== null);

/** Names 5 and 6: all that a deny is tested against. */
function deniedForms(target: NetworkTarget): { names: readonly string[]; addresses: readonly RefAddress[] } {
  const addresses = target.addresses.flatMap((address) => [address, ...embeddedIn(address)]);
  const names = target.name === null ? [] : [target.name];
  const { name } = target;
  const here = addresses.some(isThisMachine) || name === 'host.docker.internal' || (name !== null && isLocalhost(name));
  const alias = name === 'localhost' ? ['host.docker.internal'] : [];
  return {
    names: [...names, ...alias, ...(here ? ['localhost'] : [])],
    addresses: [...addresses, ...(here ? LOOPBACK : [])],
  };
}

function pattern(hit: Hit): RefNetworkPattern {
  if (hit.resource.network === null) throw new Error('a network rule has network resources');
  return hit.resource.network;
}

/** Section 4, 3: the allow names this address, `/32` and `/128` included. */
function namesAddress(allow: Hit, address: RefAddress, port: number): boolean {
  const written = pattern(allow);
  if (!patternMatchesAddress(written, address, port)) return false;
  return (
    written.kind === 'address' ||
    (written.kind === 'prefix' && written.prefix.length === (address.family === 4 ? 32 : 128))
  );
}

/** Section 4, 3: the allow is a prefix around the address that lies wholly inside the range. */
function liftsRange(allow: Hit, guarded: RefRange, address: RefAddress): boolean {
  const written = pattern(allow);
  if (written.kind !== 'prefix' || !patternMatchesAddress(written, address, 0)) return false;
  return guarded.prefixes.some((outer) => prefixInside(written.prefix, outer));
}

function isGuarded(target: NetworkTarget, allows: readonly Hit[]): boolean {
  return target.addresses.some((address) => {
    if (allows.some((allow) => namesAddress(allow, address, target.port))) return false;
    const forms = [address, ...embeddedIn(address)];
    return GUARD_RANGES.some((guarded) => {
      if (!forms.some((form) => rangeHolds(guarded, form))) return false;
      if (guarded.metadata) return true;
      if (target.name === null) return false;
      if (!rangeHolds(guarded, address)) return true;
      if (guarded.name === 'loopback' && isLocalhost(target.name)) return false;
      return !allows.some((allow) => liftsRange(allow, guarded, address));
    });
  });
}

function evaluateNetwork(rules: RefRules, request: Raw): ReferenceAnswer {
  const target = readTarget(request);
  if (target === null) return refuse('invalid_request');
  const { name, addresses, port } = target;
  const ipChecked = name === null || addresses.length > 0;
  if (rules.closed.has('network')) return { ...refuse('policy_invalid'), ipChecked };

  const forms = deniedForms(target);
  const denies = hitsOf(rules, 'deny', request['action']).filter(
    (hit) =>
      patternMatchesAll(pattern(hit), port) ||
      forms.names.some((form) => patternMatchesName(pattern(hit), form, port)) ||
      forms.addresses.some((form) => patternMatchesAddress(pattern(hit), form, port)),
  );
  const allows = hitsOf(rules, 'allow', request['action']);
  const byName = allows.filter((hit) => name !== null && patternMatchesName(pattern(hit), name, port));
  const allowsAddress = (hit: Hit, address: RefAddress): boolean =>
    patternMatchesAddress(pattern(hit), address, port) || (name === null && patternMatchesAll(pattern(hit), port));
  const everyAddress =
    addresses.length > 0 && addresses.every((address) => allows.some((hit) => allowsAddress(hit, address)));
  const byAddress = allows.filter((hit) => addresses.some((address) => allowsAddress(hit, address)));
  const grants = allows.filter((hit) => byName.includes(hit) || (everyAddress && byAddress.includes(hit)));
  const approvals = allows.filter((hit) => hit.rule.asksApproval && (byName.includes(hit) || byAddress.includes(hit)));
  const guarded = isGuarded(target, allows);
  return { ...pick({ denies, guarded, approvals, grants, granted: grants.length > 0 }), ipChecked };
}

interface Asker {
  /** The home that `~` of an allow means, or null. */
  readonly home: string | null;
  readonly ordinary: boolean;
  readonly knownHomes: readonly string[];
}

/** Paths 6, and the case format: `home` alone is an ordinary user's, `uid` alone is unknown. */
function readAsker(input: Raw): Asker {
  const uid = typeof input['uid'] === 'number' ? input['uid'] : null;
  const home = typeof input['home'] === 'string' ? input['home'] : null;
  const knownHomes = home === null ? [] : [home];
  const known = home !== null && uid !== 65534;
  return { home: known ? home : null, ordinary: known && uid !== 0, knownHomes };
}

/** Section 4, 6: what is builtin protects every user's files from everybody. */
function everyHome(asker: Asker): Asker {
  return { ...asker, ordinary: false };
}

const WHERE_HOMES_ARE = [['root'], ['home', '*'], ['Users', '*']];

function denyHomes(asker: Asker, written: RefPathPattern, unknownPeer: boolean): readonly (readonly RefSegment[])[] {
  const ofHomes = asker.knownHomes.map((home) => concreteAtHome(home, written.segments));
  if (asker.ordinary && !unknownPeer) return ofHomes;
  return [...ofHomes, ...WHERE_HOMES_ARE.map((above) => concrete([...above, ...written.segments]))];
}

/** The patterns that a resource of an allow stands for. */
function allowPatterns({ path }: RefResource, asker: Asker): readonly (readonly RefSegment[])[] {
  if (path?.kind !== 'pattern') return [];
  if (!path.pattern.home) return [concrete(path.pattern.segments)];
  return asker.home === null ? [] : [concreteAtHome(asker.home, path.pattern.segments)];
}

/** The patterns that a resource of a deny stands for. */
function denyPatterns({ path }: RefResource, asker: Asker): readonly (readonly RefSegment[])[] {
  if (path?.kind === 'variable') return path.deny === null ? [] : denyHomes(asker, path.deny, path.unknownPeer);
  if (path?.kind !== 'pattern') return [];
  return path.pattern.home ? denyHomes(asker, path.pattern, false) : [concrete(path.pattern.segments)];
}

type PathTest = (written: readonly RefSegment[], path: readonly string[]) => boolean;

/** Paths 8 on Linux: a deny is tested exactly, in NFC and in NFD, pattern and path alike. */
function inDenyForms(test: PathTest, written: readonly RefSegment[], path: readonly string[]): boolean {
  if (test(written, path)) return true;
  return ['NFC', 'NFD'].some((form) =>
    test(
      written.map((segment) => ({ ...segment, text: segment.text.normalize(form) })),
      path.map((segment) => segment.normalize(form)),
    ),
  );
}

function denyMeets(
  resource: RefResource,
  paths: readonly (readonly string[])[],
  asker: Asker,
  recursive: boolean,
): boolean {
  const test = recursive ? intersects : pathMatches;
  return denyPatterns(resource, asker).some((written) => paths.some((path) => inDenyForms(test, written, path)));
}

/** True if a builtin deny names a resource that the request really meets. */
export function namesBuiltin(input: Raw, rule: unknown): boolean {
  const request = isRaw(input['request']) ? input['request'] : {};
  const path = readRefPath(request['path']);
  const real = request['real'] === undefined ? path?.lexical : readRefReal(request['real']);
  if (!isRaw(rule) || rule['origin'] !== 'builtin' || path === null || real === null || real === undefined)
    return false;
  const text = String(rule['resource']);
  const resource = { text, network: null, path: readRefPathPattern(text) };
  return denyMeets(resource, [path.lexical, real], everyHome(readAsker(input)), request['recursive'] === true);
}

function evaluateFilesystem(rules: RefRules, request: Raw, asker: Asker): ReferenceAnswer {
  const path = readRefPath(request['path']);
  if (path === null) return refuse('invalid_request');
  const real = request['real'] === undefined ? path.lexical : readRefReal(request['real']);
  if (real === null) return refuse('invalid_request');
  if (request['resolved'] === true && showPath(real) !== showPath(path.lexical)) return refuse('invalid_request');

  const recursive = request['recursive'] === true;
  const magic =
    passesMagic(path.sent) || [path.lexical, real].some((form) => passesMagic(form) || (recursive && holdsMagic(form)));
  if (magic) return refuse('unresolvable_path');
  if (rules.closed.has('filesystem')) return refuse('policy_invalid');

  const denies = hitsOf(rules, 'deny', request['action']).filter((hit) =>
    denyMeets(hit.resource, [path.lexical, real], hit.rule.origin === 'builtin' ? everyHome(asker) : asker, recursive),
  );
  const allows = hitsOf(rules, 'allow', request['action']);
  const allowed = (test: PathTest): readonly Hit[] =>
    allows.filter((hit) => allowPatterns(hit.resource, asker).some((written) => test(written, real)));
  const grants = allowed(recursive ? covers : pathMatches);
  const approvals = allowed(recursive ? intersects : pathMatches).filter((hit) => hit.rule.asksApproval);
  const answer = pick({ denies, guarded: false, approvals, grants, granted: grants.length > 0 });
  return answer.decision === 'allow' ? { ...answer, resolvedPath: showPath(real) } : answer;
}

/** The answer to a case that has the right shape; throws on one that has not. */
export function evaluateReference(input: Raw): ReferenceAnswer {
  return prepareReference(input)(input['request']);
}

/** The answers of one case to any requests, its own left aside. */
export function prepareReference(input: Raw): (request: unknown) => ReferenceAnswer {
  const rules = readRefRules(input);
  const asker = readAsker(input);
  return (request) => {
    if (!isRaw(request)) throw new Error('a case has a request');
    switch (request['action']) {
      case 'connect:tcp':
      case 'connect:udp':
        return evaluateNetwork(rules, request);
      case 'read':
      case 'write':
        return evaluateFilesystem(rules, request, asker);
      default:
        throw new Error('a case asks about one of four actions');
    }
  };
}
