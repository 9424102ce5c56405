import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BUNDLE_PAYLOAD_TYPE, preAuthEncoding } from '../../src/bundle/dsse.ts';
import type { Scope } from '../support/scope.ts';
import { tempDirectory } from '../support/temp-tree.ts';
import { type JsonObject, ORG } from '../support/tuf-repository.ts';
import type { OpenRig, Rig } from './attack.ts';
import { FILE_TAMPERINGS } from './file-tamperings.ts';
import { ruleOf } from './governance-rig.ts';
import { documentOf } from './tuf-publication.ts';

/** A signed bundle file that device management keeps up to date. */
export const fileRig: Rig = {
  type: 'file',
  places: ['file'],
  reached: 'file',
  publisher: () => ({ open: (scope) => Promise.resolve(openFileRig(scope)) }),
};

/** What somebody who tampers has to do with. */
export interface FileDesk {
  readonly path: string;
  /** The newest revision. */
  readonly revision: number;
  readonly key: KeyObject;
  /** The document of the newest revision, with changes. */
  readonly document: (more?: JsonObject) => JsonObject;
  /** What an honest file holds. */
  readonly envelope: (payload: JsonObject | Buffer, key?: KeyObject, type?: string) => Buffer;
}

function openFileRig(scope: Scope): OpenRig {
  const root = tempDirectory(scope);
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const keyFile = join(root, 'key.pem');
  writeFileSync(keyFile, publicKey.export({ type: 'spki', format: 'pem' }), { mode: 0o600 });
  const path = join(root, 'policy/bundle.json');
  let revision = 1;
  const desk = (): FileDesk => ({
    path,
    revision,
    key: privateKey,
    document: (more = {}) => documentOf(revision, rulesOf(revision), Date.now(), more),
    envelope: (payload, key = privateKey, type = BUNDLE_PAYLOAD_TYPE) => envelopeOf(payload, key, type),
  });
  const write = (): void => {
    const { envelope, document } = desk();
    afresh(path);
    writeFileSync(`${path}.new`, envelope(document()), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  };
  write();
  return {
    source: () => ({ type: 'file', path, org: ORG, public_keys: [keyFile], interval: '1h' }),
    origin: () => root,
    publish(place) {
      revision += 1;
      // behind an attack nothing good may be seen for a moment
      if (place === '') write();
    },
    newest: () => revision,
    arm(deed) {
      if (typeof deed === 'function' || deed.kind !== 'tampering') throw new Error('a file is tampered with');
      const tampering = FILE_TAMPERINGS[deed.how];
      if (tampering === undefined) throw new Error(`nobody knows how to do \`${deed.how}\``);
      afresh(path);
      tampering(desk());
      return { over: () => true };
    },
    disarm: () => afresh(path),
  };
}

/** Nothing of what was done before is in the way. */
function afresh(path: string): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  chmodSync(dirname(path), 0o700);
}

function envelopeOf(payload: JsonObject | Buffer, key: KeyObject, payloadType: string): Buffer {
  const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
  const sig = sign(null, preAuthEncoding(payloadType, bytes), key).toString('base64');
  return Buffer.from(JSON.stringify({ payloadType, payload: bytes.toString('base64'), signatures: [{ sig }] }));
}

function rulesOf(revision: number): readonly object[] {
  return [ruleOf('allow', ['a.example', `r${revision}.example`]), ruleOf('deny', ['bad.example'])];
}
