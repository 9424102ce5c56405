import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { openLocalFiles } from '../../../src/sources/local/local-files.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { createLocalFileStore } from '../../../src/store/local-file-store.ts';
import { POLICY_MIGRATIONS } from '../../../src/store/policy-migrations.ts';
import { tempDirectory } from '../../support/temp-tree.ts';

test('a home that cannot be read is said so, keeps no other user from being added, and can be tried again', async (t) => {
  const root = tempDirectory(t);
  const database = openDatabase(join(root, 'policy.db'), POLICY_MIGRATIONS);
  t.after(() => database.close());
  const store = createLocalFileStore(database);
  let failing = true;
  const files = await openLocalFiles({
    directory: join(root, 'local.d'),
    trustedOwners: [0],
    clock: systemClock,
    onChange: () => undefined,
    store: {
      ...store,
      loadLastGood: (directory) => {
        if (failing && directory.includes('alice')) throw new Error('disk I/O error');
        return store.loadLastGood(directory);
      },
    },
  });
  t.after(() => files.close());
  for (const name of ['alice', 'bob']) {
    mkdirSync(join(root, name, '.config/reeve/local.d'), { recursive: true });
    writeFileSync(join(root, name, '.config/reeve/local.d/10.json'), '{"version":1,"rules":[]}');
  }
  // whose directories are not that user's is heard of by a warning, where whoever runs this is not root
  const known = (): string[] => {
    const { inputs, warnings } = files.current();
    return ['alice', 'bob'].filter((name, index) =>
      [...inputs.map(({ uid }) => uid === 1001 + index), ...warnings.map((text) => text.includes(`/${name}/`))].some(
        Boolean,
      ),
    );
  };
  const [alice, bob] = await Promise.allSettled([
    files.addHome(1001, join(root, 'alice')),
    files.addHome(1002, join(root, 'bob')),
  ]);
  assert.deepEqual([alice.status, bob.status, known()], ['rejected', 'fulfilled', ['bob']]);
  failing = false;
  await Promise.all([files.addHome(1001, join(root, 'alice')), files.addHome(1001, join(root, 'alice'))]);
  assert.deepEqual(known(), ['alice', 'bob']);
});
