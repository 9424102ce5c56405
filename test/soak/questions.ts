/** What is asked: a few hundred questions around what the rules speak of, and how each is read by the reference. */
import type { Raw } from '../property/reference-rules.ts';
import { plant } from '../support/temp-tree.ts';
import type { Chance } from './chance.ts';

export interface Question {
  readonly kind: 'network' | 'real' | 'resolved';
  /** As it is asked. */
  readonly request: Raw;
  /** The same for the reference, which looks at no disk; null = no path that could be opened. */
  readonly reference: Raw | null;
}

const HOSTS = [
  'example.com',
  'api.example.com',
  'API.example.com.',
  'v2.api.example.com',
  'www.example.com',
  'evil.example.com',
  'example.org',
  'localhost',
  '10.1.2.3',
  '[2001:db8::1]',
] as const;
const ADDRESSES = [
  '10.1.2.3',
  '10.1.3.3',
  '10.200.0.1',
  '8.8.8.8',
  '127.0.0.1',
  '169.254.169.254',
  '2001:db8::1',
  '::ffff:10.1.2.3',
  '64:ff9b::a01:203',
] as const;
const PORTS = [443, 443, 80, 22] as const;

function networkQuestion(chance: Chance): Question {
  const base = { action: chance.yes(0.8) ? 'connect:tcp' : 'connect:udp', port: chance.pick(PORTS) };
  const addresses = Array.from({ length: 1 + chance.below(2) }, () => chance.pick(ADDRESSES));
  const host = chance.pick(HOSTS);
  const literal = /^[0-9[]/.test(host);
  const request: Raw = chance.yes(0.2)
    ? { ...base, ip: addresses }
    : { ...base, host, ...(literal || chance.yes(0.4) ? {} : { ip: addresses[0] }) };
  return { kind: 'network', request, reference: request };
}

const NAMES = ['data', 'secret', 'other'] as const;

function realQuestion(chance: Chance): Question {
  const path = (): string => `/srv/soak/${chance.pick(NAMES)}${chance.yes(0.7) ? '/x' : ''}`;
  const request = {
    action: chance.yes(0.6) ? 'read' : 'write',
    path: path(),
    real: path(),
    ...(chance.yes(0.3) ? { recursive: true } : {}),
  };
  return { kind: 'real', request, reference: request };
}

/** Longer than what threads hand one another without a message. */
const LONG = `${'none/'.repeat(600)}end`;

/** Below the tree: as it is asked, and where it leads; null where nothing can be opened. */
const WAYS: readonly (readonly [path: string, real: string | null])[] = [
  ['data/a', 'data/a'],
  ['data/b', 'data/b'],
  ['secret/a', 'secret/a'],
  ['data', 'data'],
  ['link', 'data'],
  ['link/a', 'data/a'],
  ['way/a', 'secret/a'],
  ['far/a', 'data/a'],
  ['data/none/below', 'data/none/below'],
  [`data/${LONG}`, `data/${LONG}`],
  [`way/${LONG}`, `secret/${LONG}`],
  ['link/../secret/a', 'secret/a'],
  ['loop', null],
  ['data/a/under-a-file', null],
];

/** Makes the tree that `WAYS` tells of. */
export function plantTree(tree: string): void {
  plant(tree, ['data/', 'secret/', 'data/a', 'data/b', 'secret/a']);
  plant(tree, ['link -> data', `way -> ${tree}/secret`, 'far -> link', 'loop -> loop']);
}

function resolvedQuestion(tree: string, chance: Chance): Question {
  const [path, real] = chance.pick(WAYS) ?? ['', null];
  const rest = { action: chance.yes(0.6) ? 'read' : 'write', ...(chance.yes(0.2) ? { recursive: true } : {}) };
  const request = { ...rest, path: `${tree}/${path}` };
  return { kind: 'resolved', request, reference: real === null ? null : { ...request, real: `${tree}/${real}` } };
}

export function makeQuestions(tree: string, chance: Chance): readonly Question[] {
  const make = (count: number, one: () => Question): Question[] => Array.from({ length: count }, one);
  return [
    ...make(240, () => networkQuestion(chance)),
    ...make(120, () => realQuestion(chance)),
    ...make(80, () => resolvedQuestion(tree, chance)),
  ];
}
