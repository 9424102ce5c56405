import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateRules, policiesOf } from './policy-generator.ts';

export type GovernanceRequest =
  | { readonly kind: 'rules'; readonly count: number }
  /** All policies count as written again. */
  | { readonly kind: 'publish' };

// A governance server on loopback that has its answers ready, so that it takes no CPU from the daemon that asks.
const ORG = 'bench';
const ROOT = `/v2/orgs/${ORG}/governance/policies`;
const answers = new Map<string, string>([['/v2/auth/token', JSON.stringify({ access_token: 'bench' })]]);
let policies: readonly object[] = [];
let version = 0;

function publish(): void {
  version += 1;
  const updated = new Date(Date.parse('2026-05-01T00:00:00Z') + version * 1_000).toISOString();
  const written = policies.map((policy) => ({ ...policy, updated_at: updated, description: `version ${version}` }));
  for (const policy of written)
    answers.set(`${ROOT}/${(policy as unknown as { id: string }).id}`, JSON.stringify(policy));
  const data = written.map((policy) => ({ ...policy, allowlist_v0: undefined, type: 'allowlist_v0' }));
  answers.set(ROOT, JSON.stringify({ data, next_page_token: null }));
}

const server = createServer((request, response) => {
  request.resume();
  const answer = answers.get(new URL(request.url ?? '/', 'http://localhost').pathname);
  const headers = { 'Content-Type': 'application/json' };
  response.writeHead(answer === undefined ? 404 : 200, headers).end(answer ?? '{}');
});

process.on('message', (request: GovernanceRequest) => {
  if (request.kind === 'rules') policies = policiesOf(generateRules(request.count), ORG);
  publish();
  const reply = (): void => void process.send?.({ port: (server.address() as AddressInfo).port });
  if (server.listening) reply();
  else server.listen(0, '127.0.0.1', reply);
});
