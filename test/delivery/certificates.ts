import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../support/misbehaving-server.ts';
import type { Scope } from '../support/scope.ts';
import { tempDirectory } from '../support/temp-tree.ts';

/** Each is wrong for one reason only: the authority of all but the stranger is trusted. */
export interface Certificates {
  /** What a client is told to trust. */
  readonly caFile: string;
  readonly right: Certificate;
  readonly stranger: Certificate;
  readonly otherName: Certificate;
  readonly expired: Certificate;
}

export function certificates(scope: Scope): Certificates {
  const directory = tempDirectory(scope);
  const right = selfSigned(directory, 'right', 'IP:127.0.0.1', 2);
  const otherName = selfSigned(directory, 'other', 'DNS:other.example', 2);
  const expired = selfSigned(directory, 'expired', 'IP:127.0.0.1', -1);
  const stranger = selfSigned(directory, 'stranger', 'IP:127.0.0.1', 2);
  const caFile = join(directory, 'ca.pem');
  writeFileSync(caFile, Buffer.concat([right.cert, otherName.cert, expired.cert]));
  return { caFile, right, stranger, otherName, expired };
}

function selfSigned(directory: string, name: string, subject: string, days: number): Certificate {
  const [key, request, cert, extensions] = ['key', 'csr', 'pem', 'ext'].map((end) => join(directory, `${name}.${end}`));
  const openssl = (args: readonly (string | undefined)[]): void =>
    void execFileSync(
      'openssl',
      args.map((arg) => arg ?? ''),
      { stdio: 'ignore' },
    );
  writeFileSync(extensions ?? '', `subjectAltName=${subject}\n`);
  const form = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', `/CN=${name}`];
  openssl(['req', '-new', ...form, '-keyout', key, '-out', request]);
  openssl(['x509', '-req', '-in', request, '-signkey', key, '-days', `${days}`, '-extfile', extensions, '-out', cert]);
  return { cert: readFileSync(cert ?? ''), key: readFileSync(key ?? '') };
}
