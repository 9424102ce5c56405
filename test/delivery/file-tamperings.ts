import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { JsonObject } from '../support/tuf-repository.ts';
import { utc } from '../support/tuf-repository.ts';
import type { FileDesk } from './file-rig.ts';
import { ruleOf } from './governance-rig.ts';
import { documentOf } from './tuf-publication.ts';

const DAY = 86_400_000;

type Tampering = (desk: FileDesk) => void;

function put(path: string, bytes: string | Buffer): void {
  writeFileSync(path, bytes, { mode: 0o600 });
}

/** Allows what nobody should reach. */
function evilDocument({ revision }: FileDesk, more: JsonObject = {}): JsonObject {
  return documentOf(revision + 1, [ruleOf('allow', ['evil.example', 'a.example'])], Date.now(), more);
}

function signedWith(more: JsonObject): Tampering {
  return (desk) => put(desk.path, desk.envelope(evilDocument(desk, more)));
}

function changed(change: (envelope: Record<string, unknown>, desk: FileDesk) => void): Tampering {
  return (desk) => {
    const envelope = JSON.parse(desk.envelope(desk.document()).toString('utf8')) as Record<string, unknown>;
    change(envelope, desk);
    put(desk.path, JSON.stringify(envelope));
  };
}

export const FILE_TAMPERINGS: Readonly<Record<string, Tampering>> = {
  gone: () => undefined,
  empty: ({ path }) => put(path, ''),
  half: ({ path, envelope, document }) => put(path, envelope(document()).subarray(0, 400)),
  'no-json': ({ path }) => put(path, '<!doctype html>'),
  unsigned: (desk) => put(desk.path, JSON.stringify(evilDocument(desk))),
  'no-signature': changed((envelope) => (envelope['signatures'] = [])),
  'other-key': (desk) => put(desk.path, desk.envelope(evilDocument(desk), generateKeyPairSync('ed25519').privateKey)),
  'other-payload': changed((envelope, desk) => {
    envelope['payload'] = Buffer.from(JSON.stringify(evilDocument(desk))).toString('base64');
  }),
  'other-type': (desk) => put(desk.path, desk.envelope(evilDocument(desk), desk.key, 'application/json')),
  link({ path, envelope, document }) {
    put(`${path}.elsewhere`, envelope(document()));
    symlinkSync(`${path}.elsewhere`, path);
  },
  directory({ path }) {
    mkdirSync(path);
  },
  pipe({ path }) {
    execFileSync('mkfifo', [path]);
  },
  writable({ path, envelope, document }) {
    put(path, envelope(document()));
    chmodSync(path, 0o666);
  },
  'writable-directory'({ path, envelope, document }) {
    put(path, envelope(document()));
    chmodSync(dirname(path), 0o777);
  },
  huge({ path }) {
    put(path, '');
    truncateSync(path, 2 ** 34);
  },
  older: signedWith({ revision: '1' }),
  again: (desk) => put(desk.path, desk.envelope(evilDocument(desk, { revision: `${desk.revision - 1}` }))),
  'other-org': signedWith({ org: 'other' }),
  'unknown-member': signedWith({ deny_by_night: true }),
  requirement: signedWith({ requires: ['quarantine'] }),
  'min-version': signedWith({ min_version: '99.0.0' }),
  'failing-test': signedWith({
    tests: [{ request: { action: 'connect:tcp', host: 'evil.example', port: 443 }, expect: 'deny' }],
  }),
  ended: (desk) => {
    const now = Date.now();
    const more = { issued_at: utc(now - 2 * DAY), expires_at: utc(now - DAY) };
    put(desk.path, desk.envelope(evilDocument(desk, more)));
  },
  duplicate: (desk) => {
    const text = JSON.stringify(evilDocument(desk)).replace('{', '{"governed":[],');
    put(desk.path, desk.envelope(Buffer.from(text)));
  },
  deep: (desk) => put(desk.path, desk.envelope(Buffer.from('['.repeat(100_000)))),
};
