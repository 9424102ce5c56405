/** An organisation that changes its mind: a real control plane, one write after the other, and what each led to. */
import assert from 'node:assert/strict';
import { policyRevision } from '../../src/bundle/policy-revision.ts';
import { readGovernancePolicy } from '../../src/schema/governance.ts';
import {
  type Answer,
  at,
  newCredential,
  ORG,
  POLICIES,
  type RunningServer,
  textAt,
  tokenOf,
} from '../control-plane/running-server.ts';
import type { Raw } from '../property/reference-rules.ts';
import type { Chance } from './chance.ts';

/** What the organisation had written at one time, as the reference reads it. */
export interface State {
  readonly revision: string;
  readonly policies: readonly Raw[];
}

export interface Organisation {
  readonly first: State;
  /** One write, somewhere; what it led to. */
  readonly change: () => Promise<State>;
}

interface Vocabulary {
  readonly actions: readonly (readonly string[])[];
  readonly resources: readonly string[];
}

const MAX_RULES = 20;

const CONNECT: readonly (readonly string[])[] = [['connect:tcp'], ['connect:tcp', 'connect:udp'], ['connect:udp']];
const NETWORK: Vocabulary = {
  actions: CONNECT,
  resources: [
    '**',
    '**:80',
    '*.example.com:443',
    '**.example.com',
    'example.com',
    'api.example.com',
    'api*.example.com',
    '*.api.example.com',
    'evil.example.com',
    'localhost',
    '10.0.0.0/8',
    '10.1.2.0/24',
    '10.1.2.3:22',
    '169.254.169.254',
    '127.0.0.1',
    '2001:db8::/32',
    '[2001:db8::1]:443',
  ],
};

function filesystem(tree: string): Vocabulary {
  return {
    actions: [['read'], ['read', 'write'], ['write']],
    resources: [
      '/srv/soak/**',
      '/srv/soak/*/x',
      '/srv/soak/secret/**',
      '/srv/soak/data',
      `${tree}/**`,
      `${tree}/data/**`,
      `${tree}/*/a`,
      `${tree}/secret/**`,
      `${tree}/data`,
    ],
  };
}

/** Two network policies and one of the filesystem, each with a few rules. */
export async function startOrganisation(server: RunningServer, tree: string, chance: Chance): Promise<Organisation> {
  const policies = new Map<string, Raw>();
  const vocabularies = new Map<string, Vocabulary>();
  const ask = asAdministrator(server);
  const read = async (id: string): Promise<void> => {
    const listed = await ask(`GET ${POLICIES}`);
    const summaries = at(listed.body, 'data') as readonly Raw[];
    const type = summaries.find((summary) => summary['id'] === id)?.['type'];
    const reading = readGovernancePolicy((await ask(`GET ${POLICIES}/${id}`)).body, []);
    assert.ok(reading.kind === 'ok', JSON.stringify(reading));
    policies.set(id, type === undefined ? reading.value : { type, ...reading.value });
  };
  const write = async (line: string, body?: unknown): Promise<void> => {
    const answer = await ask(line, body);
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
  };
  const state = (): State => {
    const all = [...policies.values()];
    return { revision: policyRevision({ org: ORG, policies: all }), policies: all };
  };
  for (const [name, words] of [
    ['egress', NETWORK],
    ['egress-more', NETWORK],
    ['files', filesystem(tree)],
  ] as const) {
    const answer = await ask(`POST ${POLICIES}`, { name });
    const id = textAt(answer.body, 'id');
    vocabularies.set(id, words);
    for (let count = 0; count < 5; count += 1) await write(`POST ${POLICIES}/${id}/rules`, newRule(words, chance));
    await read(id);
  }
  return {
    first: state(),
    change: async () => {
      const [id, words] = chance.pick([...vocabularies]) ?? ['', NETWORK];
      const body = policies.get(id)?.['allowlist_v0'];
      const rules = at(body, 'rules') as readonly Raw[];
      const chosen = chance.pick(rules);
      const one = chosen === undefined ? '' : `${POLICIES}/${id}/rules/${String(chosen['id'])}`;
      // a policy never loses its last rule: its domain shows in its rules
      if (rules.length > 1 && (rules.length >= MAX_RULES || chance.yes(0.25))) await write(`DELETE ${one}`);
      else if (chance.yes(0.4)) await write(`POST ${POLICIES}/${id}/rules`, newRule(words, chance));
      else await write(`PATCH ${one}`, newRule(words, chance));
      await read(id);
      return state();
    },
  };
}

type Ask = (line: string, body?: unknown) => Promise<Answer>;

/** A token lives for ten minutes, and a soak for longer. */
function asAdministrator({ database, plane, ask }: RunningServer): Ask {
  const login = newCredential(database, 'admin');
  let token: Promise<string> | null = null;
  let expires = 0;
  return async (line, body) => {
    if (token === null || performance.now() > expires) {
      token = tokenOf(plane.url, login);
      expires = performance.now() + 300_000;
    }
    return ask(line, { token: await token, ...(body === undefined ? {} : { body }) });
  };
}

function newRule({ actions, resources }: Vocabulary, chance: Chance): object {
  const count = 1 + chance.below(3);
  return {
    name: `rule ${chance.below(1_000_000)}`,
    decision: chance.yes(0.75) ? 'allow' : 'deny',
    actions: chance.pick(actions),
    resources: [...new Set(Array.from({ length: count }, () => chance.pick(resources)))],
  };
}
