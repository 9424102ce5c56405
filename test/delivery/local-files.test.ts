import assert from 'node:assert/strict';
import { renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '../support/daemon-process.ts';
import { type Stand, stand } from './stand.ts';

interface Written {
  readonly place: Stand;
  readonly file: string;
  readonly becomes: (answers: string, state: string) => Promise<void>;
}

const rulesOf = (allowed: string, denied: string): string =>
  JSON.stringify({
    version: 1,
    rules: [
      { id: 'a', decision: 'allow', resources: [allowed] },
      { id: 'd', decision: 'deny', resources: [denied] },
    ],
  });

/** A daemon without an organisation, and one local file that counts. */
async function withLocalFile(t: TestContext): Promise<Written> {
  const place = stand(t, { source: null });
  const file = join(place.root, 'local.d/10.json');
  writeFileSync(file, rulesOf('a.example', 'bad.example'), { mode: 0o644 });
  await place.start();
  const becomes = async (answers: string, state: string): Promise<void> => {
    let seen = '';
    const look = async (): Promise<boolean> => {
      const [listed] = (await place.status()).local_files;
      seen = `${(await place.ask('a.example', 'b.example', 'bad.example')).join(', ')}: ${listed?.state ?? 'none'}`;
      return seen === `${answers}: ${state}`;
    };
    await eventually(answers, look).catch(() => assert.equal(seen, `${answers}: ${state}`));
  };
  await becomes('allow local_allow, deny default_deny, deny local_deny', 'active');
  return { place, file, becomes };
}

test('a local file that breaks keeps its rules, over a restart too, and is shown as it is', async (t) => {
  const { place, file, becomes } = await withLocalFile(t);
  writeFileSync(file, '{"version":1,"rules":[');
  await becomes('allow local_allow, deny default_deny, deny local_deny', 'last_good');
  await place.stop();
  await place.start();
  await becomes('allow local_allow, deny default_deny, deny local_deny', 'last_good');
  writeFileSync(file, rulesOf('b.example', 'bad.example'));
  await becomes('deny default_deny, allow local_allow, deny local_deny', 'active');
});

test('a save by renaming is one change, and the file goes on being watched', async (t) => {
  const { place, file, becomes } = await withLocalFile(t);
  const save = (text: string): void => {
    writeFileSync(join(place.root, 'local.d/.10.json.swp'), text, { mode: 0o644 });
    renameSync(join(place.root, 'local.d/.10.json.swp'), file);
  };
  save(rulesOf('b.example', 'bad.example'));
  await becomes('deny default_deny, allow local_allow, deny local_deny', 'active');
  save(rulesOf('a.example', 'bad.example'));
  await becomes('allow local_allow, deny default_deny, deny local_deny', 'active');
});

test('a link in the place of a local file keeps its denies and loses its allows', async (t) => {
  const { place, file, becomes } = await withLocalFile(t);
  renameSync(file, join(place.root, 'elsewhere.json'));
  symlinkSync(join(place.root, 'elsewhere.json'), file);
  await becomes('deny default_deny, deny default_deny, deny local_deny', 'last_good');
});
