import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { makeKeyFiles, openKeyFile } from '../../src/publisher/key-file.ts';
import { rootExpiry } from '../../src/publisher/root-change.ts';
import { signedRoot } from '../publisher/organisation.ts';
import { runCli, temporaryDirectory } from './run-cli.ts';

const PASSPHRASE = 'correct horse battery';

/** Made once for all tests of a file: making and opening keys is slow on purpose. */
const shared = mkdtempSync(join(tmpdir(), 'reeve-site-'));
after(() => rmSync(shared, { recursive: true, force: true }));
const keyFile = (name: string) => {
  const part = makeKeyFiles(join(shared, `${name}.pem`), PASSPHRASE);
  return { part, ...openKeyFile(join(shared, `${name}.pem`), PASSPHRASE) };
};
const [first, second] = [keyFile('alice'), keyFile('bob')];
keyFile('carol');
const roles = {
  root: { keys: [first.part, second.part], threshold: 2 },
  targets: { keys: [keyFile('targets').part], threshold: 1 },
  snapshot: { keys: [keyFile('snapshot').part], threshold: 1 },
  timestamp: { keys: [keyFile('timestamp').part], threshold: 1 },
};
writeFileSync(
  join(shared, '1.root.json'),
  signedRoot({ version: 1, expires: rootExpiry(Date.now()), roles, revoked: [] }, [first, second]),
);
writeFileSync(join(shared, 'pass.txt'), PASSPHRASE, { mode: 0o600 });
writeFileSync(join(shared, 'head.yaml'), 'org: acme\ngoverned: [network]\nexpires_in: P90D\n');

/** A directory with the keys, the root and the head of an organisation. */
export interface Desk {
  readonly path: (name: string) => string;
  readonly write: (name: string, content: unknown) => void;
  /** Runs a command line; a word in brackets, such as `[bundle.json]`, is a file of the desk. */
  readonly run: (line: string, options?: Parameters<typeof runCli>[1]) => ReturnType<typeof runCli>;
  readonly json: (line: string) => Promise<Readonly<Record<string, unknown>>>;
}

export const ONLINE = '--key [snapshot.pem] --key [timestamp.pem] --passphrase-file [pass.txt]';
export const ALL_KEYS = `--key [targets.pem] ${ONLINE}`;

export function newDesk(t: TestContext): Desk {
  const directory = temporaryDirectory(t);
  cpSync(shared, directory, { recursive: true });
  mkdirSync(join(directory, 'policies'));
  const path = (name: string): string => join(directory, name);
  const run: Desk['run'] = (line, options) =>
    runCli(
      line.split(' ').map((word) => word.replace(/\[(.*)\]/, (_, name: string) => path(name))),
      options,
    );
  const desk: Desk = {
    path,
    write: (name, content) =>
      writeFileSync(path(name), typeof content === 'string' ? content : JSON.stringify(content)),
    run,
    async json(line) {
      const { code, stdout, stderr } = await run(`${line} --json`);
      if (code !== 0) throw new Error(`${line}: ${stderr}`);
      return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
    },
  };
  desk.write('policies/egress.json', policyOf(['mirror.example.com:443']));
  return desk;
}

export function policyOf(resources: readonly string[]): object {
  const rule = { id: 'mirror', name: 'mirror', decision: 'allow', actions: ['connect:tcp'], resources };
  return { name: 'Egress', allowlist_v0: { rules: [rule] } };
}

/** A web server over the `site` of a desk; its URL. */
export async function serveSite(t: TestContext, desk: Desk): Promise<string> {
  const server = createServer((request, response) => {
    try {
      response.end(readFileSync(join(desk.path('site'), request.url ?? '/')));
    } catch {
      response.writeHead(404).end();
    }
  });
  t.after(() => server.close().closeAllConnections());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
