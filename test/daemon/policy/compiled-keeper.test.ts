import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCompiledKeeper } from '../../../src/daemon/policy/compiled-keeper.ts';
import { decide } from '../../../src/policy/decide.ts';
import type { PolicySet } from '../../../src/policy/policy-set.ts';
import type { CompiledStore } from '../../../src/store/compiled-store.ts';
import { allow, connect, denyRead, localFile, policy, requestOf, setOf } from '../../policy/asking.ts';

/** One row, as the database holds it. */
function memory(): CompiledStore & { row: Uint8Array | null; writes: number } {
  const store: ReturnType<typeof memory> = {
    row: null,
    writes: 0,
    load: () => store.row,
    keep: (_format, content) => {
      store.row = Uint8Array.from(content);
      store.writes += 1;
    },
  };
  return store;
}

function counted(digest = 'd1'): { readonly set: PolicySet; readonly loads: () => number } {
  let loads = 0;
  const load = (): readonly unknown[] => {
    loads += 1;
    return [policy([allow(`${digest}.example.com`)])];
  };
  return { set: setOf({ stored: { digest, load } }), loads: () => loads };
}

const neverFails = (error: unknown): never => assert.fail(String(error));

function code(policyOf: ReturnType<ReturnType<typeof createCompiledKeeper>['compile']>, host: string): string {
  return decide({ policy: policyOf, generation: 1, ttlMs: 0 }, requestOf(connect(host)), { uid: 1000 }).code;
}

test('policies are read once, whatever changes beside them and however often the daemon starts', () => {
  const store = memory();
  const { set, loads } = counted();
  const first = createCompiledKeeper(store, neverFails);
  assert.equal(code(first.compile(set), 'd1.example.com'), 'org_allow');
  first.keep();
  first.compile({ ...set, local: [localFile([allow('mine.example.com')])] });
  first.keep();
  assert.deepEqual([loads(), store.writes], [1, 1]);
  const restarted = createCompiledKeeper(store, neverFails);
  const compiled = restarted.compile(set);
  assert.equal(loads(), 1, 'not even after a restart');
  assert.equal(code(compiled, 'd1.example.com'), 'org_allow');
  assert.ok(compiled.layers[1]?.targets.flags.buffer instanceof SharedArrayBuffer);
});

test('what does not change lies in the same memory from one policy to the next', () => {
  const keeper = createCompiledKeeper(memory(), neverFails);
  const builtin = [denyRead('/etc/reeve/**')];
  const memoriesOf = (digest: string): readonly unknown[] => {
    const { layers } = keeper.compile({ ...counted(digest).set, builtin });
    return ['builtin', 'org'].map((name) => layers.find(({ origin }) => origin === name)?.targets.flags.buffer);
  };
  const [one, other] = [memoriesOf('d1'), memoriesOf('d2')];
  assert.ok(one.every((buffer) => buffer instanceof SharedArrayBuffer));
  assert.equal(other[0], one[0]);
  assert.notEqual(other[1], one[1]);
});

test('what was kept of another bundle is not used, and replaced', () => {
  const store = memory();
  const first = createCompiledKeeper(store, neverFails);
  first.compile(counted('d1').set);
  first.keep();
  const other = counted('d2');
  const second = createCompiledKeeper(store, neverFails);
  const compiled = second.compile(other.set);
  assert.deepEqual(
    [other.loads(), code(compiled, 'd2.example.com'), code(compiled, 'd1.example.com')],
    [1, 'org_allow', 'default_deny'],
  );
  second.keep();
  assert.equal(store.writes, 2);
});

test('a row that cannot be read, and a disk that takes nothing, cost a compile and no policy', () => {
  const told: unknown[] = [];
  const broken: CompiledStore = {
    load: () => Buffer.from('no such format'),
    keep: () => {
      throw new Error('the disk is full');
    },
  };
  const keeper = createCompiledKeeper(broken, (error) => told.push(error));
  assert.equal(code(keeper.compile(counted().set), 'd1.example.com'), 'org_allow');
  keeper.keep();
  assert.equal(told.length, 2);
});
