import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { networkPolicy, ORG, SECRET, type StoredPolicy } from '../support/governance-stage.ts';
import type { Asked, GoodAnswer } from '../support/misbehaving-server.ts';
import type { Rig } from './attack.ts';
import { type HttpContent, openHttpRig } from './http-rig.ts';

const LIST = `/v2/orgs/${ORG}/governance/policies`;

/** A governance API that always means well; who misbehaves sits in front of it. */
export const governanceRig: Rig = {
  type: 'governance',
  places: ['token', 'list', 'policy'],
  reached: 'list',
  publisher() {
    const content = governanceContent();
    return { open: (scope, secure) => openHttpRig(scope, content, secure) };
  },
};

/** What a server of the governance API says: revision `n` has these rules. */
export function governanceContent(rulesIn: (revision: number) => readonly object[] = rulesOf): HttpContent {
  let revision = 1;
  // an old token is refused, so that a new one has to be got
  let token = 1;
  let offered: (policy: StoredPolicy) => StoredPolicy = (policy) => policy;
  return {
    placeOf: ({ url }) => (url === '/v2/auth/token' ? 'token' : url.startsWith(`${LIST}/`) ? 'policy' : 'list'),
    responder: (asked) => answerTo(asked, offered(policyOf(revision, rulesIn(revision))), `token-${token}`),
    source: (origin, root) => {
      const file = join(root, 'credential.json');
      writeFileSync(file, JSON.stringify({ identifier: 'machine', secret: SECRET }), { mode: 0o600 });
      return { type: 'governance', base_url: `${origin}/v2`, org: ORG, credential_file: file, interval: '1h' };
    },
    publish(place) {
      revision += 1;
      if (place === 'token') token += 1;
    },
    newest: () => revision,
    tamper: (how) => void (offered = TAMPERINGS[how] ?? offered),
    restore: () => void (offered = (policy) => policy),
  };
}

/** What an API may say that no client can tell from an administrator's wish. */
const TAMPERINGS: Readonly<Record<string, (policy: StoredPolicy) => StoredPolicy>> = {
  older: () => policyOf(1, rulesOf(1)),
  'broken-allow': (policy) => withAmong250(policy, ruleOf('allow', ['no host at all'], 'broken')),
  'broken-deny': (policy) => withAmong250(policy, ruleOf('deny', ['no host at all'], 'broken')),
};

function withAmong250(policy: StoredPolicy, rule: object): StoredPolicy {
  const { rules } = policy['allowlist_v0'] as { readonly rules: readonly object[] };
  const others = Array.from({ length: 249 - rules.length }, (_, at) => ruleOf('allow', [`x${at}.example`], `x${at}`));
  return { ...policy, allowlist_v0: { domain: 'network', rules: [...rules, rule, ...others] } };
}

function rulesOf(revision: number): readonly object[] {
  return [ruleOf('allow', ['a.example', `r${revision}.example`]), ruleOf('deny', ['bad.example'])];
}

function policyOf(revision: number, rules: readonly object[]): StoredPolicy {
  const updated = new Date(Date.parse('2026-05-01T00:00:00Z') + revision * 60_000).toISOString();
  return networkPolicy('pol', 'a.example', { updated_at: updated, allowlist_v0: { domain: 'network', rules } });
}

export function ruleOf(decision: 'allow' | 'deny', resources: readonly string[], id: string = decision): object {
  return { id: `rule_${id}`, name: id, decision, actions: ['connect:tcp'], resources };
}

function answerTo(asked: Asked, policy: StoredPolicy, token: string): GoodAnswer {
  if (asked.url === '/v2/auth/token') return json(200, { access_token: token });
  if (asked.headers.authorization !== `Bearer ${token}`) return json(401, refusal('unauthenticated'));
  if (asked.url.startsWith(`${LIST}/`))
    return asked.url.endsWith(`/${policy.id}`) ? json(200, policy) : json(404, refusal('not_found'));
  const { id, org, updated_at } = policy;
  return json(200, { data: [{ id, org, updated_at, type: 'allowlist_v0' }], next_page_token: null });
}

function refusal(code: string): object {
  return { error: { code, message: code } };
}

function json(status: number, value: unknown): GoodAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(value)) };
}
