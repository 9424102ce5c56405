import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { JsonObject } from './vector.ts';

type Step = Readonly<Partial<Record<'mkdir' | 'file' | 'symlink' | 'hardlink' | 'to', string>>>;

/** A line of the decision vectors that are shared between implementations: rules, a request, what must come out. */
export interface SharedVector {
  readonly id: string;
  readonly cls: string;
  readonly domain: 'network' | 'filesystem';
  readonly rules: readonly JsonObject[];
  readonly request: JsonObject & { readonly setup?: readonly Step[] };
  readonly expect: 'allow' | 'deny' | 'error';
  readonly why: string;
}

/** Over-blocks there are legal: a name may be refused instead of being mapped. */
const MAY_BE_REFUSED = 'idna-map';
const TIMED = ['redos', 'path-long'];

export function readSharedVectors(file: URL): readonly SharedVector[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as SharedVector);
}

export function needsDisk(vector: SharedVector): boolean {
  return vector.request.setup !== undefined;
}

export function isTimed(vector: SharedVector): boolean {
  return TIMED.includes(vector.cls);
}

/** The vector as a case of `reeve eval`: org rules of a governed domain. */
export function toCase({ id, domain, rules, request }: SharedVector): JsonObject {
  const { protocol, setup, ...rest } = request;
  const asked =
    domain === 'network'
      ? { ...rest, action: typeof protocol === 'string' ? `connect:${protocol}` : protocol }
      : { ...rest, ...(setup === undefined ? { resolved: true } : {}) };
  return { id, governed: { [domain]: true }, org: rules, request: asked };
}

/** Makes the files and links that a vector asks for; returns the vector with `{{ROOT}}` replaced by where they are. */
export function layOut(t: TestContext, vector: SharedVector): SharedVector {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'reeve-vector-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const placed = JSON.parse(JSON.stringify(vector).replaceAll('{{ROOT}}', root)) as SharedVector;
  for (const { mkdir, file, symlink, hardlink, to = '' } of placed.request.setup ?? []) {
    if (mkdir !== undefined) mkdirSync(mkdir, { recursive: true });
    for (const path of [file, symlink, hardlink]) if (path !== undefined) mkdirSync(dirname(path), { recursive: true });
    if (file !== undefined) writeFileSync(file, '');
    if (symlink !== undefined) symlinkSync(to, symlink);
    if (hardlink !== undefined) linkSync(to, hardlink);
  }
  return placed;
}

export interface Grades {
  readonly bypasses: readonly string[];
  readonly overBlocks: readonly string[];
  /** Lines that expect an allow and may not be refused. */
  readonly allowLines: number;
}

/** An allow where none was expected is a bypass; the lack of one where it was, an over-block. */
export function grade(vectors: readonly SharedVector[], answers: readonly JsonObject[]): Grades {
  const bypasses: string[] = [];
  const overBlocks: string[] = [];
  for (const [index, vector] of vectors.entries()) {
    const answer = answers[index] ?? {};
    const allowed = answer['decision'] === 'allow';
    const shown = `${vector.id} (${vector.cls}): ${vector.why}; answered ${JSON.stringify(answer)}`;
    if (vector.expect !== 'allow' && allowed) bypasses.push(shown);
    if (vector.expect === 'allow' && !allowed && vector.cls !== MAY_BE_REFUSED) overBlocks.push(shown);
  }
  const allowLines = vectors.filter(({ cls, expect }) => expect === 'allow' && cls !== MAY_BE_REFUSED).length;
  return { bypasses, overBlocks, allowLines };
}
