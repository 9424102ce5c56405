import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createDecisionPoint,
  type DecisionPoint,
  type DecisionPointParts,
  type Peer,
  readAsked,
  type ToldItem,
} from '../../src/pdp/decision-point.ts';
import { createSnapshotHolder, type SnapshotHolder } from '../../src/pdp/snapshot-holder.ts';
import { compile } from '../../src/policy/compile.ts';
import type { Answer } from '../../src/policy/decision.ts';
import type { RealPath } from '../../src/policy/request.ts';
import { allow, allowRead, BOTH, connect, policy, type RawRule, setOf } from '../policy/asking.ts';
import { toldAtOnce, toldInTheEnd } from '../support/batch-work.ts';

const ANN: Peer = { uid: 1000, gid: 1000, pid: 1 };
const SET = setOf({
  governs: BOTH,
  policies: [policy([allow('a.example.com')]), policy([allowRead('/data/**', '~/**')], { id: 'p2' })],
  host: { homes: new Map([[1000, '/home/ann']]) },
});
const NET = connect('a.example.com');
const FILE = { action: 'read', path: '/data/x' };

interface Desk {
  readonly point: DecisionPoint;
  readonly holder: SnapshotHolder;
  readonly resolved: string[];
  readonly sought: number[];
}

const never = (): Promise<never> => new Promise(() => undefined);
const later = (ms = 250): number => performance.now() + ms;

/** A decision point over a real snapshot, with a disk and a name service that the test makes up. */
function desk(parts: Partial<DecisionPointParts> = {}, set = SET): Desk {
  const holder = createSnapshotHolder(() => 0);
  holder.swap(compile(set), 'start');
  const resolved: string[] = [];
  const sought: number[] = [];
  const known = new Set<number>();
  const point = createDecisionPoint({
    holder: parts.holder ?? holder,
    homeKnown: (uid) => known.has(uid) || (parts.homeKnown?.(uid) ?? true),
    resolve: (sent, asker): RealPath | Promise<RealPath> => {
      resolved.push(sent);
      return parts.resolve?.(sent, asker) ?? Promise.resolve({ kind: 'real', real: sent });
    },
    findHome: (uid) => {
      sought.push(uid);
      if (parts.findHome !== undefined) return parts.findHome(uid);
      known.add(uid);
      return Promise.resolve();
    },
  });
  return { point, holder, resolved, sought };
}

/** The answer that a text holds. */
function answerIn(told: ToldItem | undefined): Answer {
  assert.ok(typeof told === 'string', JSON.stringify(told));
  return JSON.parse(told) as Answer;
}

/** Its code, or what there is instead of one. */
function toldCode(told: ToldItem): string {
  if (typeof told === 'string') return answerIn(told).code;
  return told.kind === 'unavailable' ? `unavailable ${told.code}` : told.kind;
}

/** What is said at once: its code, or what there is instead of one. */
function said(told: ToldItem | Promise<ToldItem>): string {
  assert.ok(!(told instanceof Promise), 'answered at once');
  return toldCode(told);
}

/** Asks as a connection does, with what a client has sent. */
function ask(point: DecisionPoint, value: unknown, peer: Peer, deadline: number): ToldItem | Promise<ToldItem> {
  const asked = readAsked(value);
  return asked.kind === 'request' ? point.tell(asked, peer, deadline - performance.now()) : asked;
}

describe('tell', () => {
  it('answers at once where nothing has to be looked up', () => {
    const { point } = desk();
    assert.equal(said(ask(point, NET, ANN, later())), 'org_allow');
    assert.equal(said(ask(point, { ...FILE, resolved: true }, ANN, later())), 'org_allow');
    assert.equal(said(ask(point, { ...FILE, real: '/etc/x' }, ANN, later())), 'default_deny');
    assert.equal(said(ask(point, connect('a b'), ANN, later())), 'invalid_request');
    assert.equal(said(ask(point, { action: 'fly' }, ANN, later())), 'not_a_request');
  });

  it('resolves a path that came without `real`, as it was sent', async () => {
    const { point, resolved } = desk({ resolve: () => Promise.resolve({ kind: 'real', real: '/etc/passwd' }) });
    const reply = ask(point, { ...FILE, path: '/data/./l/../x' }, ANN, later());
    assert.ok(reply instanceof Promise);
    assert.equal(said(await reply), 'default_deny');
    assert.deepEqual(resolved, ['/data/l/../x']);
    const allowed = await ask(desk().point, FILE, ANN, later());
    assert.equal(answerIn(allowed).resolved_path, '/data/x');
  });

  it('denies a path that cannot be resolved', async () => {
    const { point } = desk({ resolve: () => Promise.resolve({ kind: 'unresolvable', reason: 'no' }) });
    assert.equal(said(await ask(point, FILE, ANN, later())), 'unresolvable_path');
  });

  it('is overloaded once the deadline has passed', async () => {
    const { point } = desk({ resolve: never });
    const started = performance.now();
    assert.equal(said(await ask(point, FILE, ANN, later(30))), 'unavailable overloaded');
    assert.ok(performance.now() - started < 1_000);
    assert.equal(said(await ask(point, FILE, ANN, later(-10))), 'unavailable overloaded');
  });

  it('waits for the home of a new uid, and says `not_ready` when it takes too long', async () => {
    const homes = new Set<number>();
    const quick = desk({
      homeKnown: (uid) => homes.has(uid),
      findHome: async (uid) => {
        await sleep(20);
        homes.add(uid);
      },
    });
    const question = { action: 'read', path: '/home/ann/x', resolved: true };
    assert.equal(said(await ask(quick.point, question, ANN, later())), 'org_allow');
    assert.deepEqual(quick.sought, [1000]);
    assert.equal(said(ask(quick.point, question, ANN, later())), 'org_allow', 'known by now');
    const slow = desk({ homeKnown: () => false, findHome: never });
    const started = performance.now();
    assert.equal(said(await ask(slow.point, question, ANN, later())), 'unavailable not_ready');
    const lost = desk({ homeKnown: () => false, findHome: () => Promise.resolve() });
    assert.equal(said(await ask(lost.point, question, ANN, later())), 'unavailable not_ready', 'looked for in vain');
    const waited = performance.now() - started;
    assert.ok(waited >= 190 && waited < 2_000, String(waited));
  });

  it('finds a new user’s home before any answer: the user’s own files may deny a host as well', async () => {
    const { point, sought } = desk({ homeKnown: () => false });
    assert.equal(said(await ask(point, NET, ANN, later())), 'org_allow');
    assert.deepEqual(sought, [ANN.uid]);
  });

  it('asks for no home where none can matter', () => {
    const { point, sought } = desk({ homeKnown: () => false });
    for (const uid of [null, 65_534]) {
      assert.equal(said(ask(point, { ...FILE, resolved: true }, { ...ANN, uid }, later())), 'org_allow', String(uid));
    }
    assert.deepEqual(sought, []);
  });

  it('refuses another user’s `uid` at once: neither the disk nor the name service is asked', () => {
    const { point, resolved, sought } = desk({ homeKnown: () => false });
    for (const peer of [ANN, { ...ANN, uid: null }, { ...ANN, uid: 65_534 }]) {
      assert.equal(said(ask(point, { ...FILE, uid: 1001 }, peer, later())), 'invalid_request');
    }
    assert.deepEqual([resolved, sought], [[], []]);
  });

  it('asks for the home of the `uid` that root names', async () => {
    const { point, sought } = desk({ homeKnown: () => false });
    const question = { action: 'read', path: '/home/ann/x', resolved: true, uid: 1000 };
    assert.equal(said(await ask(point, question, { ...ANN, uid: 0 }, later())), 'org_allow');
    assert.deepEqual(sought, [1000]);
  });

  it('takes 65534 for nobody in particular', () => {
    const set = setOf({
      governs: BOTH,
      policies: [policy([allowRead('~/**')])],
      host: { homes: new Map([[65_534, '/n/x']]) },
    });
    const { point } = desk({}, set);
    assert.equal(
      said(ask(point, { action: 'read', path: '/n/x/y', resolved: true }, { ...ANN, uid: 65_534 }, later())),
      'default_deny',
    );
  });

  it('is not ready before there is a snapshot', async () => {
    const { point } = desk({ holder: { current: () => null } });
    assert.equal(said(ask(point, NET, ANN, later())), 'unavailable not_ready');
    assert.equal(said(await ask(point, FILE, ANN, later())), 'unavailable not_ready');
    const many = toldAtOnce(point.tellMany([readAsked(NET), readAsked({})], ANN, later()));
    assert.deepEqual(many.map(toldCode), ['unavailable not_ready', 'unavailable not_ready']);
    assert.equal((await point.explain(NET, ANN, false)).kind, 'unavailable');
  });

  it('answers from the snapshot that serves when the path is known, not when it was asked', async () => {
    const { point, holder } = desk({ resolve: (sent) => sleep(20, { kind: 'real', real: sent }) });
    const reply = ask(point, FILE, ANN, later());
    holder.swap(compile(setOf({ governs: BOTH })), 'bundle');
    const settled = await reply;
    const { generation, code } = answerIn(settled);
    assert.deepEqual([generation, code], [2, 'default_deny']);
  });
});

describe('tellMany', () => {
  const many = async (
    point: DecisionPoint,
    values: readonly RawRule[],
    deadline = later(),
  ): Promise<readonly ToldItem[]> => toldInTheEnd(point.tellMany(values.map(readAsked), ANN, deadline));

  it('answers every item in its place, at once where nothing has to be looked up', () => {
    const { point } = desk();
    const replies = toldAtOnce(
      point.tellMany([NET, { action: 'fly' }, connect('b.example.com'), connect('')].map(readAsked), ANN, later()),
    );
    assert.deepEqual(replies.map(toldCode), ['org_allow', 'not_a_request', 'default_deny', 'invalid_request']);
    assert.deepEqual(toldAtOnce(point.tellMany([], ANN, later())), []);
  });

  it('answers by one generation, also when the policy changes in between', async () => {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { point, holder } = desk({
      resolve: async (sent) => {
        if (!sent.endsWith('1')) await opened;
        return { kind: 'real', real: sent };
      },
    });
    const values = Array.from({ length: 20 }, (_, index) => ({ ...FILE, path: `/data/${index}` }));
    const replies = many(point, [NET, ...values], later(5_000));
    await sleep(1);
    holder.swap(compile(SET), 'bundle');
    open();
    const generations = (await replies).map((told) => answerIn(told).generation);
    assert.deepEqual(new Set(generations), new Set([1]));
  });

  it('lets others in between, and goes on where it was, by the same generation', () => {
    const { point, holder } = desk();
    const work = point.tellMany(
      Array.from({ length: 1_000 }, () => readAsked(NET)),
      ANN,
      later(60_000),
    );
    let bits = 0;
    let told = work.advance(0);
    for (; told === null; told = work.advance(0)) {
      bits += 1;
      if (bits === 10) holder.swap(compile(SET), 'bundle');
    }
    assert.ok(!(told instanceof Promise) && told.length === 1_000);
    assert.ok(bits >= 100, `${bits} bits`);
    assert.deepEqual(new Set(told.map((one) => answerIn(one).generation)), new Set([1]));
    // asked again, it has nothing more to do
    assert.equal(work.advance(0), told);
  });

  it('lets others in between where paths are looked up one by one, too', async () => {
    const { point } = desk({
      resolve: (sent) => (sent.endsWith('0') ? sleep(1, { kind: 'real', real: sent }) : { kind: 'real', real: sent }),
    });
    const paths = Array.from({ length: 100 }, (_, index) => readAsked({ ...FILE, path: `/data/${index}` }));
    const work = point.tellMany(paths, ANN, later(60_000));
    const seen = { bits: 0, waits: 0 };
    let told = work.advance(0);
    for (; told === null || told instanceof Promise; told = work.advance(0)) {
      seen[told === null ? 'bits' : 'waits'] += 1;
      await told;
    }
    assert.deepEqual([told.length, seen.waits], [100, 11]);
    assert.ok(seen.bits >= 20, `${seen.bits} bits`);
    assert.ok(told.every((one) => toldCode(one) === 'org_allow'));
  });

  it('answers `overloaded` for what the deadline cuts off, and leaves none out', async () => {
    const { point } = desk({
      resolve: (sent) => (sent.endsWith('slow') ? never() : Promise.resolve({ kind: 'real', real: sent })),
    });
    const slow = { ...FILE, path: '/data/slow' };
    const replies = await many(point, [FILE, NET, slow, { action: 'fly' }, NET], later(250));
    assert.deepEqual(replies.map(toldCode), ['org_allow', 'org_allow', 'overloaded', 'not_a_request', 'overloaded']);
    const cut = answerIn(replies[2]);
    assert.deepEqual([cut.decision, cut.kind, cut.ttl_ms], ['deny', 'error', 0]);
    const late = toldAtOnce(point.tellMany([NET, NET].map(readAsked), ANN, later(-1)));
    assert.deepEqual(late.map(toldCode), ['overloaded', 'overloaded']);
  });

  it('asks nothing behind the reply that stops it, at once or in turn', async () => {
    let lookups = 0;
    const { point } = desk({
      resolve: (sent) => {
        lookups += 1;
        return Promise.resolve({ kind: 'real', real: sent });
      },
    });
    const denied = (told: ToldItem): boolean => answerIn(told).decision === 'deny';
    const outside = { ...FILE, path: '/elsewhere' };
    const inTurn = await toldInTheEnd(point.tellMany([FILE, outside, FILE].map(readAsked), ANN, later(1_000), denied));
    assert.deepEqual(inTurn.map(toldCode), ['org_allow', 'default_deny']);
    assert.equal(lookups, 2);
    const nets = [NET, { ...NET, host: 'b.example.com' }, NET].map(readAsked);
    const atOnce = toldAtOnce(point.tellMany(nets, ANN, later(1_000), denied));
    assert.deepEqual(atOnce.map(toldCode), ['org_allow', 'default_deny']);
  });

  it('asks nothing behind the first reply that is to be the last', async () => {
    const { point, resolved } = desk();
    const denied = (told: ToldItem): boolean => answerIn(told).decision === 'deny';
    const nets = toldAtOnce(point.tellMany([NET, connect('b.example.com'), NET].map(readAsked), ANN, later(), denied));
    assert.deepEqual(nets.map(toldCode), ['org_allow', 'default_deny']);
    const files = await toldInTheEnd(
      point.tellMany([FILE, { ...FILE, path: '/etc/x' }, FILE].map(readAsked), ANN, later(), denied),
    );
    assert.deepEqual(files.map(toldCode), ['org_allow', 'default_deny']);
    assert.deepEqual(resolved, ['/data/x', '/etc/x']);
  });

  it('answers `not_ready` for an item whose home is still being looked up', async () => {
    const { point } = desk({ homeKnown: () => false, findHome: never });
    const replies = await many(point, [NET, { ...FILE, resolved: true }], later(1_000));
    assert.deepEqual(replies.map(toldCode), ['not_ready', 'not_ready']);
  });
});

test('explain says what ask says, and names a hundred rules unless all are wanted', async () => {
  const rules = Array.from({ length: 120 }, () => allow('a.example.com'));
  const { point } = desk(
    {},
    setOf({ governs: BOTH, policies: [policy(rules), policy([allowRead('/data/**')], { id: 'p2' })] }),
  );
  const explain = async (value: RawRule, full: boolean): Promise<readonly [string, number]> => {
    const reply = await point.explain(value, ANN, full);
    assert.ok(reply.kind === 'explanation', JSON.stringify(reply));
    return [reply.explanation.answer.code, reply.explanation.rules.length];
  };
  assert.deepEqual(await explain(NET, false), ['org_allow', 100]);
  assert.deepEqual(await explain(NET, true), ['org_allow', 120]);
  assert.deepEqual(await explain(FILE, false), ['org_allow', 1]);
  assert.deepEqual(await explain({ ...FILE, uid: 0 }, true), ['invalid_request', 0]);
  assert.equal((await point.explain({}, ANN, true)).kind, 'not_a_request');
  const hung = desk({ resolve: never });
  const reply = await hung.point.explain(FILE, ANN, true);
  assert.ok(reply.kind === 'unavailable');
  assert.equal(reply.code, 'overloaded');
});
