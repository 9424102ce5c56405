import assert from 'node:assert/strict';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createLinkedCompiler, type LinkedCompiler } from '../../../src/daemon/policy/compile-with-links.ts';
import { PathResolver } from '../../../src/pdp/path-resolver.ts';
import type { Compilation } from '../../../src/policy/compilation.ts';
import { compile } from '../../../src/policy/compile.ts';
import { decide } from '../../../src/policy/decide.ts';
import type { PolicySet } from '../../../src/policy/policy-set.ts';
import { allowRead, denyRead, policy, reading, requestOf, setOf } from '../../policy/asking.ts';
import { plant, tempDirectory } from '../../support/temp-tree.ts';

interface Compiling {
  readonly compiler: LinkedCompiler;
  /** Compiles with the links that are known, as the daemon does. */
  readonly compile: () => Promise<Compilation>;
  readonly counted: () => number;
}

/** The real disk, with a policy that denies below a link and allows beside it. */
function compiling(t: TestContext, root: string, expected?: readonly string[]): Compiling {
  const resolver = new PathResolver();
  t.after(() => resolver.close());
  let count = 0;
  const counting = (set: PolicySet): Compilation => {
    count += 1;
    return compile(set);
  };
  const compiler = createLinkedCompiler({
    compile: counting,
    resolveLinks: (prefixes, known) => resolver.resolvePrefixes(prefixes, known),
    ...(expected === undefined ? {} : { expected }),
  });
  const policies = [policy([denyRead(`${root}/link/**`), allowRead(`${root}/**`)])];
  return {
    compiler,
    compile: () => compiler.compile(setOf({ policies, host: { links: compiler.links() } })),
    counted: () => count,
  };
}

function code(compiled: Compilation, path: string): string {
  return decide({ policy: compiled, generation: 1, ttlMs: 0 }, requestOf(reading(path)), { uid: 1000 }).code;
}

test('a deny counts behind the links that it crosses, from the first compile on', async (t) => {
  const root = tempDirectory(t);
  plant(root, ['real/', 'other/', 'link -> real']);
  const { compile, compiler, counted } = compiling(t, root);
  assert.equal(compiler.links().size, 0);
  const first = await compile();
  assert.deepEqual(
    [code(first, `${root}/real/x`), code(first, `${root}/link/x`), code(first, `${root}/other/x`)],
    ['org_deny', 'org_deny', 'org_allow'],
  );
  assert.equal(first.host.links.get(`${root}/link`)?.resolved, `${root}/real`);
  assert.deepEqual(compiler.links(), first.host.links);
  assert.equal(counted(), 2, 'once to learn the prefixes, once with where they lead');

  await compile();
  assert.equal(counted(), 3, 'what is known is compiled once');

  rmSync(join(root, 'link'));
  symlinkSync('other', join(root, 'link'));
  const moved = await compile();
  assert.deepEqual(
    [code(moved, `${root}/real/x`), code(moved, `${root}/link/x`), code(moved, `${root}/other/x`)],
    ['org_allow', 'org_deny', 'org_deny'],
  );
  assert.equal(counted(), 5);
});

test('a set without links is compiled once', async (t) => {
  const root = tempDirectory(t);
  plant(root, ['link/']);
  const { compile, counted } = compiling(t, root);
  const compiled = await compile();
  assert.deepEqual([counted(), compiled.host.links.size], [1, 0]);
});

test('prefixes that are expected are looked at first: a start that finds them as they were compiles once', async (t) => {
  const root = tempDirectory(t);
  plant(root, ['real/', 'link -> real']);
  const { compile, counted } = compiling(t, root, [`${root}/link`, root]);
  const first = await compile();
  assert.equal(code(first, `${root}/real/x`), 'org_deny');
  assert.equal(counted(), 1);
});
