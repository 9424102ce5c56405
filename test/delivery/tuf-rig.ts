import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Asked, GoodAnswer } from '../support/misbehaving-server.ts';
import { newSigners, ORG, type RoleKeys, sha256, TufRepository } from '../support/tuf-repository.ts';
import type { Rig } from './attack.ts';
import { ruleOf } from './governance-rig.ts';
import { type HttpContent, openHttpRig } from './http-rig.ts';
import { copyOf, documentOf } from './tuf-publication.ts';
import { TUF_TAMPERINGS } from './tuf-tamperings.ts';

/** A repository that is kept well; who misbehaves sits in front of it, or has stolen a key. */
export const tufRig: Rig = {
  type: 'tuf',
  places: ['timestamp', 'snapshot', 'targets', 'target'],
  reached: 'timestamp',
  publisher() {
    const content = tufContent();
    return { open: (scope, secure) => openHttpRig(scope, content, secure) };
  },
};

export interface Publishing {
  /** What revision `n` says. */
  readonly rulesIn: (revision: number) => readonly object[];
  /** Which revisions come with new keys, and with a root that says so. */
  readonly rotatesAt: (revision: number) => boolean;
}

/** What a static web server says. */
export function tufContent(
  { rulesIn, rotatesAt }: Publishing = { rulesIn: rulesOf, rotatesAt: () => false },
): HttpContent {
  let shiftMs = 0;
  const now = (): number => Date.now() + shiftMs;
  const repository = new TufRepository(now());
  // whoever has stolen one of the two keys has not stolen the role
  repository.keys.targets = { signers: newSigners(2), threshold: 2 };
  repository.publishRoot();
  const next = (): void => {
    repository.now = now();
    const revision = repository.revision + 1;
    if (rotatesAt(revision)) rotate(repository);
    repository.publishBundle(documentOf(revision, rulesIn(revision), repository.now));
  };
  next();
  const first = copyOf(repository);
  let [previous, offered]: [TufRepository, ReadonlyMap<string, Buffer>] = [first, repository.files];
  let answer: () => void = () => undefined;
  return {
    placeOf,
    responder: (asked) => answerTo(asked, offered),
    source: (origin, root) => {
      const file = join(root, 'root.json');
      writeFileSync(file, repository.pinnedRoot, { mode: 0o600 });
      return { type: 'tuf', base_url: `${origin}/policy`, org: ORG, root_file: file, interval: '1h' };
    },
    publish() {
      previous = copyOf(repository);
      next();
    },
    newest: () => repository.revision,
    pass: (ms) => void (shiftMs += ms),
    tamper(how) {
      const tampering = TUF_TAMPERINGS[how];
      if (tampering === undefined) throw new Error(`nobody knows how to do \`${how}\``);
      const thief = copyOf(repository);
      offered = tampering.does(thief, { first, previous }) ?? thief.files;
      answer = () => {
        // whoever finds a higher version than his own goes on above it
        if (tampering.answer === undefined) overtake(repository, thief);
        else tampering.answer(repository);
      };
    },
    restore() {
      answer();
      [answer, offered] = [() => undefined, repository.files];
    },
  };
}

function rotate(repository: TufRepository): void {
  const keys = (count: number): RoleKeys => ({ signers: newSigners(count), threshold: count });
  repository.rotate({ timestamp: keys(1), snapshot: keys(1), targets: keys(2) });
}

function overtake(repository: TufRepository, thief: TufRepository): void {
  for (const role of ['targets', 'snapshot', 'timestamp'] as const) {
    repository.versions[role] = Math.max(repository.versions[role], thief.versions[role]);
  }
}

function rulesOf(revision: number): readonly object[] {
  return [ruleOf('allow', ['a.example', `r${revision}.example`]), ruleOf('deny', ['bad.example'])];
}

function placeOf({ url }: Asked): string {
  if (url.endsWith('.root.json')) return 'root';
  if (url.endsWith('/timestamp.json')) return 'timestamp';
  if (url.endsWith('.snapshot.json')) return 'snapshot';
  return url.endsWith('.targets.json') ? 'targets' : 'target';
}

function answerTo({ url, headers }: Asked, files: ReadonlyMap<string, Buffer>): GoodAnswer {
  const body = files.get(url.replace('/policy/', ''));
  if (body === undefined) return { status: 404, headers: { 'content-type': 'text/plain' }, body: Buffer.from('none') };
  const etag = `"${sha256(body)}"`;
  if (headers['if-none-match'] === etag) return { status: 304, headers: { etag }, body: Buffer.alloc(0) };
  return { status: 200, headers: { 'content-type': 'application/octet-stream', etag }, body };
}
