/** A real daemon under mixed load whose organisation changes its policy every second; every answer is checked. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newCredential, ORG, startServer } from '../control-plane/running-server.ts';
import type { Raw } from '../property/reference-rules.ts';
import { call, eventually, type Machine, machine, startDaemonProcess } from '../support/daemon-process.ts';
import { openScope, type Scope } from '../support/scope.ts';
import { unitEnvironment } from '../support/unit-environment.ts';
import { seededChance } from './chance.ts';
import { type Counts, Ledger } from './ledger.ts';
import { type Load, loadCalls, loadLines } from './load.ts';
import { residentMemory, type Sample } from './memory.ts';
import { type Organisation, startOrganisation } from './organisation.ts';
import { makeQuestions, plantTree } from './questions.ts';

export interface SoakOptions {
  readonly seconds: number;
  readonly seed: number;
  /** What runs as the daemon; the sources by default. */
  readonly program?: string;
  /** Called about every ten seconds. */
  readonly progress?: (soFar: SoakReport) => void;
}

export interface SoakReport extends Counts {
  readonly seconds: number;
  readonly samples: readonly Sample[];
}

const SWAP_MS = 1_000;
const SAMPLE_MS = 2_000;

/** Local rules stand beside the organisation's: their denies narrow, their allows take no part. */
const LOCAL: readonly Raw[] = [
  { id: 'l1', name: 'l1', decision: 'deny', actions: ['connect:tcp'], resources: ['www.example.com', '10.1.3.0/24'] },
  { id: 'l2', name: 'l2', decision: 'allow', actions: ['connect:tcp'], resources: ['**'] },
  { id: 'l3', name: 'l3', decision: 'deny', actions: ['write'], resources: ['/srv/soak/other'] },
];

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const scope = openScope();
  try {
    return await run(scope, options);
  } finally {
    await scope.close();
  }
}

async function run(scope: Scope, options: SoakOptions): Promise<SoakReport> {
  const { seconds, seed, progress = () => undefined, program } = options;
  const chance = seededChance(seed);
  const place = machine(scope);
  const tree = join(place.root, 'tree');
  mkdirSync(tree);
  plantTree(tree);
  place.writeLocal('soak.yaml', LOCAL);
  const organisation = await enrol(scope, place, (server) => startOrganisation(server, tree, chance));
  const ledger = new Ledger(LOCAL);
  ledger.learn(organisation.first);
  const daemon = await startDaemonProcess(scope, place, {
    env: unitEnvironment(),
    ...(program === undefined ? {} : { program }),
  });
  await eventually('the first policy', async () => {
    const { json } = await call(place.decide, 'GET /v1/status');
    return (json as { revision: string }).revision === organisation.first.revision;
  });

  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1_000;
  const samples: Sample[] = [];
  const report = (): SoakReport => ({ ...ledger.counts, seconds: elapsed(), samples });
  const end = new AbortController();
  const load: Load = { ...place, questions: makeQuestions(tree, chance), ledger, chance, stopped: end.signal };
  // the first failure ends the soak, an unanswered question included
  const failed = (error: unknown): void => {
    ledger.fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
    end.abort();
  };
  const work = [loadLines(load), loadLines(load), loadCalls(load), changeOften(organisation, ledger, end.signal)];
  const watched = Promise.all(work.map((each) => each.catch(failed)));
  for (let tick = 1; elapsed() < seconds && !end.signal.aborted; tick += 1) {
    await sleep(Math.min(SAMPLE_MS, seconds * 1_000 - elapsed() * 1_000));
    samples.push({ seconds: elapsed(), megabytes: residentMemory(daemon.pid) });
    if (tick % 5 === 0) progress(report());
    if (ledger.counts.failures.length > 0) end.abort();
  }
  end.abort();
  await watched;
  ledger.close();
  const ended = await daemon.stop();
  if (ended.code !== 0 || ended.stderr !== '') ledger.fail(`the daemon ended with ${ended.code}: ${ended.stderr}`);
  return report();
}

async function enrol(
  scope: Scope,
  place: Machine,
  start: (server: Awaited<ReturnType<typeof startServer>>) => Promise<Organisation>,
): Promise<Organisation> {
  const server = await startServer(scope);
  const organisation = await start(server);
  const credentialFile = join(place.root, 'credential.json');
  writeFileSync(credentialFile, JSON.stringify(newCredential(server.database, 'machine')), { mode: 0o600 });
  const source = { type: 'governance', base_url: server.plane.url, org: ORG, credential_file: credentialFile };
  place.configure({ source: { ...source, interval: '1s' }, log: { level: 'warn', destination: place.log } });
  return organisation;
}

async function changeOften({ change }: Organisation, ledger: Ledger, stopped: AbortSignal): Promise<void> {
  for (let next = performance.now(); !stopped.aborted; next += SWAP_MS) {
    ledger.learn(await change());
    await sleep(Math.max(0, next + SWAP_MS - performance.now()));
  }
}
