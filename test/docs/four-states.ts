import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../cli/run-cli.ts';
import { newCredential, newPolicy, ORG, POLICIES, startServer } from '../control-plane/running-server.ts';
import {
  call,
  decided,
  eventually,
  type Machine,
  machine,
  startDaemonProcess,
  toHost,
} from '../support/daemon-process.ts';
import { enrol } from '../support/enrolled-state.ts';
import { freePort } from '../support/free-port.ts';
import { openScope, type Scope } from '../support/scope.ts';

/** What `reeve status` said of a daemon in one state. */
export interface SeenState {
  readonly title: string;
  /** How it came to that. */
  readonly how: string;
  readonly text: string;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Runs four daemons, one after the other, and asks each for its status as a user does. */
export async function seeFourStates(): Promise<readonly SeenState[]> {
  const offline = (title: string, how: string, ageMs: number): Promise<SeenState> =>
    seen(title, how, (scope, place) => leaveOffline(scope, place, ageMs));
  return [
    await seen('Healthy', 'The policy arrived a moment ago.', serveFromControlPlane),
    await offline(
      'Offline, and fresh',
      'The policy was confirmed two hours ago; the source cannot be reached since.',
      2 * HOUR,
    ),
    await offline('Stale', 'The same after eight days: what the organisation had delegated counts no longer.', 8 * DAY),
    await offline('Blocked', 'The same after 31 days: what the organisation governs is closed.', 31 * DAY),
  ];
}

async function seen(
  title: string,
  how: string,
  prepare: (scope: Scope, place: Machine) => Promise<void>,
): Promise<SeenState> {
  const scope = openScope();
  try {
    const place = machine(scope);
    mkdirSync(place.state, { mode: 0o700 });
    place.writeLocal('team.yaml', [
      { id: 'data', decision: 'allow', actions: ['read'], resources: ['/srv/data/**'] },
      { id: 'mine', decision: 'allow', actions: ['connect:tcp'], resources: ['mine.example'] },
    ]);
    await prepare(scope, place);
    await decided(place, toHost('a.example'));
    const { code, stdout, stderr } = await runCli(['status', '--socket', place.decide]);
    assert.deepEqual([code, stderr], [0, '']);
    return { title, how, text: settled(stdout) };
  } finally {
    await scope.close();
  }
}

async function serveFromControlPlane(scope: Scope, place: Machine): Promise<void> {
  const server = await startServer(scope);
  const policy = await newPolicy(server);
  const rule = { name: 'a', decision: 'allow', actions: ['connect:tcp'], resources: ['a.example'] };
  const written = await server.ask(`POST ${POLICIES}/${policy}/rules`, { body: rule });
  assert.equal(written.status, 201);
  configure(place, server.plane.url, newCredential(server.database, 'machine'));
  await startDaemonProcess(scope, place);
  const synced = await call(place.admin, 'POST /v1/sync');
  assert.equal(synced.status, 200, synced.text);
}

async function leaveOffline(scope: Scope, place: Machine, ageMs: number): Promise<void> {
  enrol(place.state, { syncedAt: Date.now() - ageMs });
  configure(place, `http://127.0.0.1:${await freePort()}/v2`, { identifier: 'machine', secret: 'none' });
  await startDaemonProcess(scope, place);
  await call(place.admin, 'POST /v1/sync');
  await eventually('the source to have failed', async () => {
    const { json } = await call(place.decide, 'GET /v1/status');
    const { source } = json as { readonly source: { readonly state: string; readonly next_attempt: string | null } };
    return source.state === 'failing' && source.next_attempt !== null;
  });
}

function configure(place: Machine, baseUrl: string, login: object): void {
  const credential = join(place.root, 'credential.json');
  writeFileSync(credential, JSON.stringify(login), { mode: 0o600 });
  const source = { type: 'governance', base_url: baseUrl, org: ORG, credential_file: credential, interval: '1h' };
  place.configure({ source });
}

/** What belongs to these states; a machine may have others of its own. */
const WARNED_OF = new Set(['no_rollback_protection', 'policy_aging']);

/** Without what is different each time: moments, the next poll's random part, identities. */
function settled(text: string): string {
  const lines = text.trimEnd().split('\n');
  const shown = lines.filter((line, index) => {
    const code = /\(([a-z_]+)\)$/.exec(line.startsWith('  do:') ? (lines[index - 1] ?? '') : line)?.[1] ?? '';
    return !/^(?:warning|notice|  do):/.test(line) || WARNED_OF.has(code);
  });
  return shown
    .join('\n')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '…')
    .replace(/^(next poll: +)in \d+ \w+/m, '$1in 58 min')
    .replaceAll(/\b\d+ s\b/g, '2 s')
    .replaceAll(/sha256:[0-9a-f]{64}/g, 'sha256:59790a7a…')
    .replace(/generation \d+/, 'generation 2')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'policy.example.com');
}
