import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import {
  knownPeer,
  mayChangeState,
  openPeerCredentials,
  type PeerCredentials,
} from '../../src/localapi/peer-credentials.ts';
import type { Peer } from '../../src/pdp/decision-point.ts';
import { startDecisionDaemon } from '../support/decision-daemon.ts';
import { exchangeHttp, httpRequest } from '../support/raw-http.ts';

const peer = (uid: number | null): Peer => ({ uid, gid: null, pid: null });

describe('peer credentials', () => {
  test('are those of this very process when it asks itself', async (t) => {
    const seen: Peer[] = [];
    const { decide, api } = await startDecisionDaemon(t, { port: { welcome: (who) => void seen.push(who) } });
    if (api.credentials.kind === 'unavailable') {
      t.skip(api.credentials.reason);
      return;
    }
    await exchangeHttp(decide, httpRequest('GET', '/healthz'));
    const [who] = seen;
    assert.equal(who?.uid, process.geteuid?.());
    assert.equal(who?.gid, process.getegid?.());
    assert.ok(who?.pid === process.pid || process.platform === 'darwin');
  });

  test('are unknown for a socket that has no descriptor', async (t) => {
    const credentials = await openPeerCredentials();
    if (credentials.kind === 'unavailable') {
      t.skip(credentials.reason);
      return;
    }
    // what a future Node, or a socket that closed already, would look like
    for (const socket of [
      {},
      { _handle: null },
      { _handle: {} },
      { _handle: { fd: -1 } },
      { _handle: { fd: 1_000_000 } },
    ]) {
      assert.deepEqual(credentials.of(socket as unknown as Socket), { uid: null, gid: null, pid: null });
    }
  });

  test('of 65534 are those of nobody in particular', () => {
    assert.deepEqual(knownPeer(65_534, 65_534, 7), { uid: null, gid: 65_534, pid: 7 });
    assert.deepEqual(knownPeer(0, 0, 0), { uid: 0, gid: 0, pid: null });
    assert.deepEqual(knownPeer(undefined, undefined, null), { uid: null, gid: null, pid: null });
  });

  test('say why they cannot be read', async () => {
    const credentials = await openPeerCredentials('sunos');
    assert.deepEqual(credentials, {
      kind: 'unavailable',
      reason: 'peer credentials cannot be read: not known on sunos',
    });
  });
});

describe('admin verbs', () => {
  const known: PeerCredentials = { kind: 'available', of: () => peer(null) };

  test('need root or the owner where credentials can be read, and unknown is neither', () => {
    const own = process.geteuid?.() ?? 0;
    assert.deepEqual(
      [0, own, own + 1, null].map((uid) => mayChangeState(peer(uid), known)),
      [true, true, false, false],
    );
    assert.equal(mayChangeState(peer(null), { kind: 'unavailable', reason: '' }), true);
  });

  test('are refused to others on the admin socket, reading is not', async (t) => {
    const stranger: PeerCredentials = { kind: 'available', of: () => peer((process.geteuid?.() ?? 0) + 1) };
    let syncs = 0;
    const { admin } = await startDecisionDaemon(t, {
      credentials: stranger,
      sync: () => {
        syncs += 1;
        return Promise.resolve({ kind: 'live', generation: 1, revision: '' });
      },
    });
    const [sync, rules] = await exchangeHttp(admin, httpRequest('POST', '/v1/sync'), httpRequest('GET', '/v1/rules'));
    assert.deepEqual([sync?.status, rules?.status, syncs], [403, 200, 0]);
  });
});
