import type { Bench } from './bench.ts';
import { atLeast, type Row } from './goals.ts';
import { type Lane, loadTime, measureRound, openLane, roundsOf, type Size, time } from './in-process.ts';
import { npmPeer } from './peers/install.ts';
import { median, medianRatio } from './quantiles.ts';

interface EnginePeer {
  readonly name: string;
  readonly worker: string;
  readonly package: string;
  readonly version: string;
  readonly bars: Readonly<Partial<Record<Size, number>>>;
}

const CEDAR: EnginePeer = {
  name: 'cedar-wasm',
  worker: 'peers/cedar-worker.ts',
  package: '@cedar-policy/cedar-wasm',
  version: '4.13.0',
  bars: { 100: 500, 1_000: 5_000 },
};
const CASBIN: EnginePeer = {
  name: 'node-casbin',
  worker: 'peers/casbin-worker.ts',
  package: 'casbin',
  version: '5.51.1',
  bars: { 100: 800, 1_000: 8_000 },
};

/** G3: policy engines that run inside Node, each asked in its fastest form. */
export async function peerEngines(bench: Bench): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const peer of [CEDAR, CASBIN]) {
    const installed = npmPeer(peer.package, peer.version);
    if (installed.kind === 'missing') {
      rows.push({ kind: 'skipped', goal: 'G3', what: `times faster than ${peer.name}`, reason: installed.reason });
      continue;
    }
    for (const size of [100, 1_000] as const) rows.push(await against(bench, peer, size, installed.path));
    if (peer === CEDAR) rows.push(await loadAgainstCedar(bench, installed.path));
  }
  return rows;
}

async function against(bench: Bench, peer: EnginePeer, size: Size, directory: string): Promise<Row> {
  bench.progress(`${peer.name} at ${size} rules`);
  const lanes: Lane[] = [];
  try {
    lanes.push(await openLane({ name: 'ours', file: 'engine-worker.ts', args: [], checks: 0 }, size));
    // the peer's policies say the same as ours, or nothing is measured
    lanes.push(await openLane({ name: peer.name, file: peer.worker, args: [directory], checks: 256 }, size));
    for (let round = 0; round < bench.rounds; round += 1) await measureRound(lanes, 4);
  } finally {
    await Promise.all(lanes.map(({ worker }) => worker.stop()));
  }
  const [ours, theirs] = [roundsOf(lanes, 'ours', size), roundsOf(lanes, peer.name, size)];
  return {
    kind: 'measured',
    goal: 'G3',
    what: `times faster than ${peer.name}, ${size.toLocaleString('en')} rules`,
    ours: time(median(ours)),
    against: `${peer.name} ${peer.version}: ${time(median(theirs))}`,
    figure: medianRatio(theirs, ours),
    goalBar: atLeast(peer.bars[size] ?? Number.NaN),
    beatBar: null,
  };
}

async function loadAgainstCedar(bench: Bench, directory: string): Promise<Row> {
  const size = 10_000;
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < bench.rounds; round += 1) {
    bench.progress(`loading ${size} rules, Cedar and ours, round ${round + 1}`);
    ours.push(await loadTime('engine-worker.ts', [], size));
    theirs.push(await loadTime(CEDAR.worker, [directory], size));
  }
  return {
    kind: 'measured',
    goal: 'G11',
    what: 'from 10,000 rules to the first answer in a new process, times faster than cedar-wasm',
    ours: time(median(ours) * 1e6),
    against: `cedar-wasm ${CEDAR.version}: ${time(median(theirs) * 1e6)}`,
    figure: medianRatio(theirs, ours),
    goalBar: atLeast(20),
    beatBar: null,
  };
}
