/**
 * Policies and questions for the bench, the same for everybody who gives the same seed. Per 20 rules: 5 exact hosts,
 * 3 host:port, 2 `*.x`, 2 `**.x`, 2 IPv4 CIDR, 1 IPv6 /48, 2 `/…/**`, 2 paths with a `*` segment, 1 exact path;
 * 10 % deny. Half of the questions hit a rule, half are near misses.
 */
export interface GeneratedRule {
  readonly id: string;
  readonly name: string;
  readonly decision: 'allow' | 'deny';
  readonly actions: readonly ['connect:tcp'] | readonly ['read'];
  readonly resources: readonly [string];
}

export const QUESTION_KINDS = ['exact', 'wildcard', 'cidr', 'path'] as const;
export type QuestionKind = (typeof QUESTION_KINDS)[number];

export interface Question {
  readonly kind: QuestionKind;
  readonly request: NetworkQuestion | PathQuestion;
}

export interface NetworkQuestion {
  readonly action: 'connect:tcp';
  readonly host?: string;
  readonly ip?: string;
  readonly port: number;
}

export interface PathQuestion {
  readonly action: 'read';
  readonly path: string;
  readonly real: string;
}

export type Random = () => number;

/** mulberry32: small, fast, and the same on every machine. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const WORDS = 'api cdn auth build cache data edge files git hub img job key log mail node ops pkg queue repo'.split(
  ' ',
);

function below(random: Random, bound: number): number {
  return Math.floor(random() * bound);
}

function word(random: Random): string {
  return WORDS[below(random, WORDS.length)] ?? 'api';
}

/** Zones are shared between rules, as an organisation's are. */
function zone(random: Random, rules: number): string {
  return `team${below(random, Math.max(4, rules / 50))}.corp${below(random, 7)}.example`;
}

export function generateRules(count: number, seed = 1): readonly GeneratedRule[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) => {
    const resource = resourceAt(index, count, random);
    return {
      id: `r${index}`,
      name: `rule ${index}`,
      decision: random() < 0.1 ? 'deny' : 'allow',
      actions: resource.startsWith('/') ? ['read'] : ['connect:tcp'],
      resources: [resource],
    };
  });
}

function resourceAt(index: number, count: number, random: Random): string {
  const place = index % 20;
  if (place < 5) return `${word(random)}-${index}.${zone(random, count)}`;
  if (place < 8) return `${word(random)}-${index}.${zone(random, count)}:${portOf(index)}`;
  if (place < 10) return `*.${word(random)}-${index}.${zone(random, count)}`;
  if (place < 12) return `**.${word(random)}-${index}.${zone(random, count)}`;
  if (place < 14) {
    const length = 20 + below(random, 9);
    return `${prefixText(0x14_00_00_00 + below(random, 0x30_00_00_00), length)}/${length}`;
  }
  if (place < 15) return `2600:${below(random, 0xffff).toString(16)}:${(index % 0xffff).toString(16)}::/48`;
  if (place < 17) return `/srv/${word(random)}/p${index}/${word(random)}/**`;
  if (place < 19) return `/data/${word(random)}${below(random, 40)}/*/d${index}/${word(random)}.json`;
  return `/opt/${word(random)}/v${below(random, 9)}/bin/t${index}`;
}

function portOf(index: number): number {
  return index % 2 === 0 ? 443 : 8443;
}

function prefixText(bits: number, length: number): string {
  const network = length === 0 ? 0 : bits & (0xffff_ffff << (32 - length));
  return addressText(network >>> 0);
}

function addressText(bits: number): string {
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

/** `count` questions, a quarter of each kind. */
export function generateQuestions(rules: readonly GeneratedRule[], count = 4_096, seed = 2): readonly Question[] {
  const random = seededRandom(seed);
  const byKind = new Map<QuestionKind, GeneratedRule[]>(QUESTION_KINDS.map((kind) => [kind, []]));
  for (const [index, rule] of rules.entries()) byKind.get(kindAt(index % 20))?.push(rule);
  return Array.from({ length: count }, (_, index) => {
    const kind = QUESTION_KINDS[index % QUESTION_KINDS.length] ?? 'exact';
    const candidates = byKind.get(kind) ?? [];
    const rule = candidates[below(random, candidates.length)];
    if (rule === undefined) throw new Error(`${rules.length} rules have none of kind ${kind}`);
    return { kind, request: questionAbout(rule.resources[0], random() < 0.5, random) };
  });
}

function kindAt(place: number): QuestionKind {
  return place < 8 ? 'exact' : place < 12 ? 'wildcard' : place < 15 ? 'cidr' : 'path';
}

function questionAbout(resource: string, hit: boolean, random: Random): NetworkQuestion | PathQuestion {
  if (resource.startsWith('/')) return pathQuestion(resource, hit, random);
  if (resource.includes('/')) return { action: 'connect:tcp', ip: addressAt(resource, hit, random), port: 443 };
  if (resource.startsWith('**.')) {
    const deep = `${word(random)}.${word(random)}${below(random, 99)}`;
    // the apex itself is not covered
    return { action: 'connect:tcp', host: hit ? `${deep}.${resource.slice(3)}` : resource.slice(3), port: 443 };
  }
  if (resource.startsWith('*.')) {
    const labels = hit ? word(random) : `${word(random)}.${word(random)}`;
    return { action: 'connect:tcp', host: `${labels}.${resource.slice(2)}`, port: 443 };
  }
  const [host = '', port = '443'] = resource.split(':');
  return { action: 'connect:tcp', host: hit ? host : `x${host}`, port: Number(port) };
}

function addressAt(prefix: string, hit: boolean, random: Random): string {
  const [network = '', length = '0'] = prefix.split('/');
  if (network.includes(':')) {
    const head = network.slice(0, -2);
    const tail = `${below(random, 0xffff).toString(16)}::${(1 + below(random, 0xfffe)).toString(16)}`;
    return hit ? `${head}:${tail}` : `2a00:${head.split(':').slice(1).join(':')}:${tail}`;
  }
  const bits = network.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(length));
  // the neighbour of the same length
  return addressText(bits + below(random, size) + (hit ? 0 : size));
}

function pathQuestion(resource: string, hit: boolean, random: Random): PathQuestion {
  const inside = resource
    .replace('/**', `/${word(random)}/f${below(random, 999)}.txt`)
    .replace('/*/', `/u${below(random, 99)}/`);
  const beside = resource.endsWith('/**') ? inside.replace(/\/p(\d+)\//, '/q$1/') : `${inside}x`;
  const path = hit ? inside : beside;
  return { action: 'read', path, real: path };
}

/** Governance policies as an organisation would have them: one domain each, a few thousand rules at most. */
export function policiesOf(rules: readonly GeneratedRule[], org: string): readonly object[] {
  const network = rules.filter(({ actions }) => actions[0] === 'connect:tcp');
  const filesystem = rules.filter(({ actions }) => actions[0] === 'read');
  return [...policiesIn('network', network, org), ...policiesIn('filesystem', filesystem, org)];
}

const RULES_PER_POLICY = 3_000;
const WRITTEN = '2026-05-01T00:00:00Z';

function policiesIn(domain: string, rules: readonly GeneratedRule[], org: string): readonly object[] {
  const parts = Math.ceil(rules.length / RULES_PER_POLICY);
  return Array.from({ length: parts }, (_, part) => ({
    id: `${domain}-${part}`,
    name: `${domain} ${part}`,
    org,
    created_at: WRITTEN,
    updated_at: WRITTEN,
    scope: {},
    allowlist_v0: { domain, rules: rules.slice(part * RULES_PER_POLICY, (part + 1) * RULES_PER_POLICY) },
  }));
}
