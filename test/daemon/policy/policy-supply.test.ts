import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { DaemonConfig } from '../../../src/daemon/config/daemon-config.ts';
import { createLogger } from '../../../src/daemon/logger.ts';
import { PolicySupply } from '../../../src/daemon/policy/policy-supply.ts';
import type { PolicySupplyOptions } from '../../../src/daemon/policy/policy-supply-options.ts';
import { loadPolicyThread, PolicyThread } from '../../../src/daemon/policy/policy-thread.ts';
import { createSnapshotHolder, type SnapshotHolder } from '../../../src/pdp/snapshot-holder.ts';
import { eventually, within } from '../../support/daemon-process.ts';
import { type ManualClock, manualClock } from '../../support/manual-clock.ts';
import { tempDirectory } from '../../support/temp-tree.ts';
import { configOf } from '../config.ts';

interface Supplied {
  readonly root: string;
  readonly supply: PolicySupply;
  readonly holder: SnapshotHolder;
  readonly clock: ManualClock;
  readonly revision: () => string | undefined;
}

/** A thread that publishes when it is opened, and otherwise does what `body` says: `answer(value)` ends a question. */
function supplied(t: TestContext, body: string, more: Partial<PolicySupplyOptions> = {}): Supplied {
  const root = tempDirectory(t);
  const entry = join(root, 'thread.mjs');
  writeFileSync(
    entry,
    `import { existsSync, writeFileSync } from 'node:fs';
     import { parentPort, threadId } from 'node:worker_threads';
     const mark = ${JSON.stringify(join(root, 'mark'))};
     const send = (message) => parentPort.postMessage(message);
     const publish = (revision) => send({ kind: 'publish', publication: {
       policy: { revision, nextChange: null, closures: [] }, cause: 'test',
       report: { active: 1, inactive: 0, warnings: [], warningCount: 0 } } });
     let beats;
     parentPort.on('message', (message) => {
       if (message.kind !== 'ask') return;
       const { id, ask } = message;
       const answer = (value) => send({ kind: 'answer', id, value });
       const refuse = (code, message) => send({ kind: 'refusal', id, code, message });
       ${body}
       if (ask.kind === 'start') beats = ask.pulse;
       if (ask.kind === 'open') publish('thread ' + threadId);
       answer(ask.kind === 'close' ? { lost: 0 } : null);
     });`,
  );
  const config = configOf({ state_directory: root, log: { level: 'error', destination: join(root, 'log') } });
  const clock = manualClock();
  const holder = createSnapshotHolder(() => clock.now());
  const log = createLogger(config.log);
  const supply = new PolicySupply({ config, log, clock, holder, entry: pathToFileURL(entry), ...more });
  t.after(() => supply.close());
  return { root, supply, holder, clock, revision: () => holder.current()?.policy.revision };
}

async function begun({ supply }: Supplied): Promise<void> {
  await supply.start();
  await supply.open();
  await supply.begin();
}

describe('the supply of policies', () => {
  test('outlives its thread: what serves stays, the state says why, and the next thread publishes anew', async (t) => {
    const made = supplied(t, "if (ask.kind === 'sync') throw new Error('broken inside');");
    const { supply, holder, clock, revision } = made;
    await begun(made);
    const served = revision();
    assert.deepEqual([holder.current()?.generation, supply.state.trouble, supply.state.report.active], [1, null, 1]);
    assert.deepEqual(await within(5_000, 'the answer', supply.sync()), {
      kind: 'failed',
      code: 'policy_thread_lost',
      message: 'the thread that makes policies is gone: broken inside',
    });
    assert.deepEqual([supply.state.trouble, revision()], ['broken inside', served]);
    assert.equal((await supply.rules()).kind, 'failed');
    clock.advance(1_000);
    await eventually('another thread', () => supply.state.trouble === null);
    assert.equal(holder.current()?.generation, 2);
    assert.notEqual(revision(), served);
    assert.deepEqual((await supply.rules()).kind, 'rules');
  });

  test('tries again, more and more slowly, as long as threads do not start', async (t) => {
    const body = `
      if (ask.kind === 'sync') { writeFileSync(mark, ''); process.exit(3); }
      if (ask.kind === 'start' && existsSync(mark)) { refuse('database_unusable', 'the disk is gone'); return; }`;
    const made = supplied(t, body);
    const { supply, clock, revision } = made;
    await begun(made);
    const served = revision();
    await supply.sync();
    assert.equal(supply.state.trouble, 'it ended with code 3');
    for (const waitMs of [1_000, 2_000, 4_000]) {
      await eventually('a restart to be planned', () => clock.pending() === 1);
      clock.advance(waitMs / 2 - 1);
      assert.equal(clock.pending(), 1, 'not before its time');
      clock.advance(waitMs / 2 + 1);
      await eventually('the refusal', () => clock.pending() === 1);
    }
    assert.deepEqual([supply.state.trouble, revision()], ['the disk is gone', served]);
  });

  test('gives up a thread that is not heard of for a minute, and none that is busy for a while', async (t) => {
    const body = `
      if (ask.kind === 'rules') Atomics.add(beats, 0, 1);
      if (ask.kind === 'sync') for (;;);`;
    const made = supplied(t, body);
    const { supply } = made;
    await begun(made);
    for (let tick = 0; tick < 59; tick += 1) supply.tick();
    await supply.rules();
    for (let tick = 0; tick < 59; tick += 1) supply.tick();
    assert.equal(supply.state.trouble, null);
    const answer = supply.sync();
    for (let tick = 0; tick < 3; tick += 1) supply.tick();
    assert.match(String(supply.state.trouble), /has not been heard of for 60 s/);
    assert.equal((await within(5_000, 'the answer', answer)).kind, 'failed');
    await eventually('its end', () => supply.lost === 0);
  });

  test('tells the next thread the homes that are known, and forgets one that cannot be read any more', async (t) => {
    const body = `
      if (ask.kind === 'sync') process.exit(1);
      if (ask.kind === 'home') {
        if (ask.uid === 3 && existsSync(mark)) { refuse('home', 'it cannot be read'); return; }
        if (ask.uid === 3) writeFileSync(mark, '');
        globalThis.homes = [...(globalThis.homes ?? []), ask.uid];
      }
      if (ask.kind === 'rules') { answer(String(globalThis.homes)); return; }`;
    const made = supplied(t, body);
    const { supply, clock } = made;
    await begun(made);
    for (const uid of [1, 2, 3]) await supply.addHome(uid, `/home/${uid}`);
    supply.forgetHome(1);
    await supply.sync();
    await assert.rejects(supply.addHome(4, '/home/4'), { code: 'policy_thread_lost' });
    clock.advance(1_000);
    await eventually('another thread', () => supply.state.trouble === null);
    assert.deepEqual(await supply.rules(), { kind: 'rules', json: '2' });
  });

  test('that cannot start says so in the words of its thread, and nothing is tried again', async (t) => {
    const { supply, clock } = supplied(
      t,
      "if (ask.kind === 'start') { refuse('database_corrupt', 'damaged'); return; }",
    );
    await assert.rejects(supply.start(), { code: 'database_corrupt', message: 'damaged' });
    await supply.addHome(1, '/home/1');
    assert.equal(clock.pending(), 0);
  });

  test('is closed in time, also while its thread is busy with something without an end', async (t) => {
    const made = supplied(t, "if (ask.kind === 'halt') for (;;);");
    await begun(made);
    await within(
      9_000,
      'the end',
      made.supply.halt().then(() => made.supply.close()),
    );
    assert.equal(made.supply.lost, 0);
  });

  test('is reset with another thread, once a start that is under way is over', async (t) => {
    const made = supplied(t, '');
    const { supply, holder, clock, revision } = made;
    const released: unknown[] = [];
    await supply.start();
    await supply.open();
    const served = revision();
    const early = supply.reset((known) => released.push(known));
    await supply.begin();
    const outcome = await within(10_000, 'the reset', early);
    assert.deepEqual([outcome.kind, released.length, holder.current()?.generation], ['reset', 1, 2]);
    assert.notEqual(revision(), served);
    assert.equal(supply.state.trouble, null);
    // two at a time are one, and only the first is told what was known
    const both = [supply.reset((known) => released.push(known)), supply.reset((known) => released.push(known))];
    assert.equal(new Set(await within(10_000, 'both', Promise.all(both))).size, 1);
    assert.deepEqual([released.length, holder.current()?.generation, clock.pending()], [2, 3, 0]);
    await supply.halt();
    assert.equal((await supply.reset(() => released.push(null))).kind, 'failed');
    assert.equal(released.length, 2);
  });

  test('is reset while its thread starts again, and there is one thread afterwards', async (t) => {
    const made = supplied(t, "if (ask.kind === 'sync') throw new Error('broken inside');");
    const { supply, holder, clock } = made;
    await begun(made);
    await within(5_000, 'the answer', supply.sync());
    clock.advance(1_000);
    const outcome = await within(
      10_000,
      'the reset',
      supply.reset(() => undefined),
    );
    assert.equal(outcome.kind, 'reset');
    // the one that was starting, and the one of the reset
    assert.deepEqual([holder.current()?.generation, supply.state.trouble, clock.pending()], [3, null, 0]);
  });
});

describe('another configuration', () => {
  /** Tells threads apart by the preset that they were started with. */
  const NAMED = `
    if (ask.kind === 'start') globalThis.preset = ask.config.preset.name;
    if (ask.kind === 'open') { publish(globalThis.preset); answer(null); return; }`;
  const other = ({ supply }: Supplied, name: string): DaemonConfig => ({
    ...supply.config,
    preset: { name, rules: [] },
  });

  test('serves once a second thread has made its policy; the old one ends, and all homes are known', async (t) => {
    const body = `${NAMED}
      if (ask.kind === 'home') globalThis.homes = [...(globalThis.homes ?? []), ask.uid];
      if (ask.kind === 'rules') { answer(String(globalThis.homes)); return; }`;
    const made = supplied(t, body);
    const { supply, holder, revision } = made;
    await begun(made);
    for (const uid of [1, 2]) await supply.addHome(uid, `/home/${uid}`);
    const changing = supply.change(other(made, 'open'), true);
    const late = supply.addHome(3, '/home/3');
    assert.deepEqual(await within(10_000, 'the change', changing), { kind: 'changed' });
    await late;
    assert.deepEqual([revision(), holder.current()?.generation, supply.config.preset.name], ['open', 2, 'open']);
    assert.equal(((await supply.rules()) as { json: string }).json.split(',').sort().join(), '1,2,3');
    assert.deepEqual([supply.state.trouble, supply.lost], [null, 0]);
  });

  test('that cannot be started changes nothing, and the thread that runs was never asked to stop', async (t) => {
    const body = `${NAMED}
      if (ask.kind === 'start') send({ kind: 'facts', facts: { organisation: ask.config.preset.name } });
      if (ask.kind === 'start' && ask.config.preset.name === 'open') { refuse('database_unusable', 'the disk is gone'); return; }
      if (ask.kind === 'halt') writeFileSync(mark, '');
      if (ask.kind === 'rules') { answer(String(existsSync(mark))); return; }`;
    const made = supplied(t, body);
    const { supply, holder, clock } = made;
    await begun(made);
    const outcome = await within(10_000, 'the change', supply.change(other(made, 'open'), true));
    assert.deepEqual(outcome, { kind: 'failed', code: 'database_unusable', message: 'the disk is gone' });
    assert.deepEqual([supply.config.preset.name, holder.current()?.generation], ['locked-down', 1]);
    assert.deepEqual(await supply.rules(), { kind: 'rules', json: 'false' });
    assert.equal(supply.state.facts.organisation, 'locked-down', 'nobody hears of it');
    assert.equal(clock.pending(), 0);
  });

  test('keeps a sync waiting while one thread takes over from the other, and gives it to the one that goes on', async (t) => {
    const body = `${NAMED}
      if (ask.kind === 'halt') { writeFileSync(mark, ''); setTimeout(() => answer(null), 300); return; }
      if (ask.kind === 'sync') { answer({ kind: 'live', revision: globalThis.preset, generation: 0 }); return; }`;
    const made = supplied(t, body);
    const { supply } = made;
    await begun(made);
    const changing = supply.change(other(made, 'open'), true);
    await eventually('the old one to be halted', () => existsSync(join(made.root, 'mark')));
    const synced = await within(10_000, 'the sync', supply.sync());
    assert.deepEqual(synced, { kind: 'live', revision: 'open', generation: 0 });
    assert.equal((await changing).kind, 'changed');
  });

  test('with which the stored policy would not serve is refused; another thread goes on with the old one', async (t) => {
    const body = `
      if (ask.kind === 'start') globalThis.preset = ask.config.preset.name;
      if (ask.kind === 'open') {
        const closures = globalThis.preset === 'open'
          ? [{ domain: 'network', code: 'not_ready', reason: 'it cannot be trusted', uid: null, byOrg: true }] : [];
        send({ kind: 'facts', facts: { organisation: globalThis.preset } });
        send({ kind: 'publish', publication: {
          policy: { revision: globalThis.preset, nextChange: null, closures }, cause: 'test',
          report: { active: 1, inactive: 0, warnings: [], warningCount: 0 } } });
        answer(null);
        return;
      }
      if (ask.kind === 'sync') { answer({ kind: 'live', revision: globalThis.preset, generation: 0 }); return; }`;
    const made = supplied(t, body);
    const { supply, holder, revision } = made;
    await begun(made);
    const changing = supply.change(other(made, 'open'), true);
    const outcome = await within(10_000, 'the change', changing);
    assert.ok(outcome.kind === 'failed');
    assert.deepEqual(
      [outcome.code, /serve no longer: it cannot be trusted/.test(outcome.message)],
      ['policy_lost', true],
    );
    assert.deepEqual(
      [supply.config.preset.name, revision(), holder.current()?.generation],
      ['locked-down', 'locked-down', 2],
    );
    assert.equal(supply.state.facts.organisation, 'locked-down', 'what the refused one has told is not shown');
    const synced = await within(5_000, 'the sync', supply.sync());
    assert.deepEqual([synced.kind, supply.state.trouble], ['live', null]);
  });

  test('whose thread dies in the middle is refused, and one that dies later is followed by one of the same', async (t) => {
    const body = `${NAMED}
      if (ask.kind === 'home' && globalThis.preset === 'open') process.exit(1);
      if (ask.kind === 'begin' && globalThis.preset === 'balanced' && !existsSync(mark)) { writeFileSync(mark, ''); process.exit(1); }`;
    const made = supplied(t, body);
    const { supply, clock, revision } = made;
    await begun(made);
    await supply.addHome(1, '/home/1');
    const outcome = await within(10_000, 'the change', supply.change(other(made, 'open'), true));
    assert.deepEqual([outcome.kind, supply.config.preset.name, revision()], ['failed', 'locked-down', 'locked-down']);
    const second = await within(10_000, 'the change', supply.change(other(made, 'balanced'), true));
    assert.deepEqual([second.kind, revision()], ['changed', 'balanced']);
    assert.match(supply.state.trouble ?? '', /the thread that makes policies is gone/);
    clock.advance(1_000);
    await eventually('another thread', () => supply.state.trouble === null);
    assert.deepEqual([revision(), supply.config.preset.name], ['balanced', 'balanced']);
  });

  test('whose thread hangs, at whatever step, is refused in time, and blocks no reset', async (t) => {
    const body = `${NAMED.replace('publish(', "if (globalThis.preset === 'balanced') return; publish(")}
      if (ask.kind === 'start' && ask.config.preset.name === 'open') return;`;
    const made = supplied(t, body, { startMs: 1_000 });
    const { supply, revision } = made;
    await begun(made);
    for (const name of ['open', 'balanced']) {
      const outcome = await within(10_000, name, supply.change(other(made, name), true));
      assert.ok(outcome.kind === 'failed');
      assert.match(outcome.message, /the policy thread has not got on for 1 s/);
      assert.deepEqual(
        [supply.config.preset.name, revision(), supply.state.trouble],
        ['locked-down', 'locked-down', null],
      );
    }
    const reset = await within(
      10_000,
      'the reset',
      supply.reset(() => undefined),
    );
    assert.deepEqual([reset.kind, supply.state.trouble], ['reset', null]);
    await eventually('the end of all others', () => supply.lost === 0);
  });

  test('is taken up where there is no thread at the moment, and where none can be started none is lost', async (t) => {
    const body = `${NAMED}
      if (ask.kind === 'sync') process.exit(1);
      if (ask.kind === 'start' && ask.config.preset.name === 'open') { refuse('database_unusable', 'the disk is gone'); return; }`;
    const made = supplied(t, body);
    const { supply, clock, revision } = made;
    await begun(made);
    await supply.sync();
    assert.equal((await within(10_000, 'the change', supply.change(other(made, 'open'), true))).kind, 'failed');
    assert.equal(clock.pending(), 1, 'another start is planned as before');
    assert.equal((await within(10_000, 'the change', supply.change(other(made, 'balanced'), true))).kind, 'changed');
    assert.deepEqual([revision(), supply.state.trouble, clock.pending()], ['balanced', null, 0]);
  });

  test('and a reset take turns, and neither is begun once everything stops', async (t) => {
    const made = supplied(t, NAMED);
    const { supply, revision } = made;
    await begun(made);
    const both = Promise.all([supply.change(other(made, 'open'), true), supply.reset(() => undefined)]);
    const [change, reset] = await within(20_000, 'both', both);
    assert.deepEqual([change.kind, reset.kind, revision()], ['changed', 'reset', 'open']);
    await supply.halt();
    assert.equal((await supply.change(other(made, 'balanced'), true)).kind, 'failed');
    assert.equal(supply.config.preset.name, 'open');
  });
});

test('a thread that broke down before anybody listened to it is not waited for', async (t) => {
  const entry = join(tempDirectory(t), 'thread.mjs');
  writeFileSync(entry, "throw new Error('broken inside');");
  const worker = loadPolicyThread(pathToFileURL(entry));
  await new Promise((resolve) => worker.once('exit', resolve));
  const told: string[] = [];
  const events = { onPublish: () => 1, onFacts: () => undefined, onLog: () => undefined, onAudit: () => undefined };
  const thread = new PolicyThread({ ...events, onDeath: (cause) => told.push(cause) }, worker);
  await assert.rejects(thread.ask({ kind: 'open' }), { code: 'policy_thread_lost', message: /could not be loaded/ });
  assert.deepEqual([told, thread.stuck], [[], false]);
});

describe('another thread', () => {
  const NEXT = { preset: { name: 'next', rules: [] } } as const;
  const changed = (place: Supplied): Promise<unknown> => {
    const config = { ...place.supply.config, ...NEXT };
    return within(5_000, 'the change', place.supply.change(config, true));
  };

  test('does not give way again to one that served before, however late that publishes', async (t) => {
    const late = "if (ask.kind === 'close') { publish('late ' + threadId); setTimeout(() => publish('later'), 50); }";
    const place = supplied(t, late);
    await begun(place);
    for (const round of [1, 2, 3]) {
      assert.deepEqual(await changed(place), { kind: 'changed' }, `${round}`);
      const served = place.revision();
      await sleep(100);
      assert.equal(place.revision(), served);
      assert.match(served ?? '', /^thread /);
      assert.equal(place.supply.config.preset.name, 'next');
    }
  });

  test('serves nothing before it is asked for a policy', async (t) => {
    const place = supplied(t, "if (ask.kind === 'start') publish('hasty ' + threadId);");
    await begun(place);
    const seen: (string | undefined)[] = [];
    place.holder.onSwap(({ policy }) => seen.push(policy.revision));
    assert.deepEqual(await changed(place), { kind: 'changed' });
    assert.deepEqual(
      seen.map((revision) => revision?.split(' ')[0]),
      ['thread'],
    );
    // what was closed is the old one: the new one goes on answering
    await within(1_000, 'an answer', place.supply.addHome(7, '/home/seven'));
    assert.equal(place.supply.state.trouble, null);
  });

  test('knows a home that was being read while the old one went', async (t) => {
    const told =
      "if (ask.kind === 'home') { writeFileSync(mark + '-' + threadId, ''); setTimeout(answer, 300, null); return; }";
    const place = supplied(t, told);
    await begun(place);
    const adding = place.supply.addHome(7, '/home/seven');
    assert.deepEqual(await changed(place), { kind: 'changed' });
    await within(5_000, 'the home', adding);
    const thread = place.revision()?.split(' ')[1];
    assert.ok(existsSync(join(place.root, `mark-${thread}`)), `thread ${thread} was not told`);
  });

  test('is told of a home that is asked for while it makes its first policy', async (t) => {
    const slow = `if (ask.kind === 'home') writeFileSync(mark + '-' + threadId, '');
      if (ask.kind === 'open' && existsSync(mark)) {
        writeFileSync(mark + '-open', '');
        setTimeout(() => { publish('thread ' + threadId); answer(null); }, 300);
        return;
      }`;
    const place = supplied(t, slow);
    await begun(place);
    writeFileSync(join(place.root, 'mark'), '');
    const change = changed(place);
    await eventually('the next thread to be asked', () => existsSync(join(place.root, 'mark-open')));
    await within(5_000, 'the home', place.supply.addHome(7, '/home/seven'));
    assert.deepEqual(await change, { kind: 'changed' });
    const thread = place.revision()?.split(' ')[1];
    assert.ok(existsSync(join(place.root, `mark-${thread}`)), `thread ${thread} was not told`);
  });

  test('that cannot read a home has it looked up anew', async (t) => {
    const lost: number[] = [];
    const once = "if (ask.kind === 'home' && existsSync(mark)) { refuse('io', 'for a moment'); return; }";
    const place = supplied(t, once, { onHomeLost: (uid) => lost.push(uid) });
    await begun(place);
    await place.supply.addHome(7, '/home/seven');
    writeFileSync(join(place.root, 'mark'), '');
    assert.deepEqual(await changed(place), { kind: 'changed' });
    assert.deepEqual(lost, [7]);
  });
});
