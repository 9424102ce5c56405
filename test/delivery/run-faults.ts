import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '../../src/base/coded-error.ts';
import { prepareStateDirectory } from '../../src/daemon/state-directory.ts';
import { eventually } from '../support/daemon-process.ts';
import { openScope, type Scope } from '../support/scope.ts';
import { tempDirectory } from '../support/temp-tree.ts';
import type { Rig } from './attack.ts';
import type { BrokenMachine, Fault, FaultSighting } from './fault.ts';
import type { FaultGroup } from './fault-groups.ts';
import { HTTP_EVILS } from './http-attacks.ts';
import { generic, isNews, lineOf } from './log-line.ts';
import { mountJournaledDisk, mountSmallDisk } from './small-disk.ts';
import { type Stand, type StandStatus, stand } from './stand.ts';

export interface FaultResult {
  readonly fault: Fault;
  readonly seen: FaultSighting;
}

/** Longer than it takes to look at a plan and to act on it. */
const QUIET_MS = 300;

/** Lets each happen to a machine that serves revision 2, looks at it, and then lets its source be reached again. */
async function runFaults(kind: Rig, faults: readonly Fault[]): Promise<readonly FaultResult[]> {
  const scope = openScope();
  try {
    const beginning = await beginningOf(kind, scope);
    const results: FaultResult[] = [];
    for (const fault of faults) results.push({ fault, seen: await inAllForms(fault, beginning) });
    return results;
  } finally {
    await scope.close();
  }
}

/** All that can be tried here, a lane for each group. */
export async function runGroups(groups: readonly FaultGroup[]): Promise<readonly FaultResult[]> {
  const possible = groups.filter(({ skip }) => skip === false);
  return (await Promise.all(possible.map(({ kind, faults }) => runFaults(kind, faults)))).flat();
}

/** Who publishes, and the state directories of a daemon that was stopped in good order. */
interface Beginning {
  readonly kind: Rig;
  readonly publisher: ReturnType<Rig['publisher']>;
  readonly first: string;
  readonly second: string;
}

async function beginningOf(kind: Rig, scope: Scope): Promise<Beginning> {
  const directory = tempDirectory(scope);
  const publisher = kind.publisher();
  const rig = await publisher.open(scope, false);
  const place = stand(scope, { source: rig.source });
  const copyTo = async (name: string): Promise<string> => {
    await place.stop();
    const copy = join(directory, name);
    cpSync(place.state, copy, { recursive: true });
    return copy;
  };
  await place.start();
  await place.idle();
  const first = await copyTo('first');
  await place.start();
  await rig.publish('');
  await place.idle(QUIET_MS);
  await place.sync();
  assert.equal(await servedBy(place), 'revision 2');
  return { kind, publisher, first, second: await copyTo('second') };
}

async function inAllForms(fault: Fault, beginning: Beginning): Promise<FaultSighting> {
  const forms: FaultSighting[] = [];
  while (forms.length < (fault.forms ?? 1)) forms.push(await inOwnScope(fault, beginning, forms.length));
  const [only] = forms;
  if (only !== undefined && forms.length === 1) return only;
  const union = (texts: readonly string[]): readonly string[] => [...new Set(texts)].sort();
  return {
    served: union(forms.map(({ served }) => served)).join(', '),
    says: union(forms.flatMap(({ says }) => says)),
    message: union(forms.flatMap(({ says }) => says)).join(', '),
    logged: union(forms.flatMap(({ logged }) => logged)),
    healed: forms.every(({ healed }) => healed),
  };
}

async function inOwnScope(fault: Fault, beginning: Beginning, form: number): Promise<FaultSighting> {
  const scope = openScope();
  try {
    const machine = await brokenMachine(scope, fault, beginning);
    fault.breaks?.(machine, form);
    return await befall(machine, fault);
  } finally {
    await scope.close();
  }
}

async function brokenMachine(scope: Scope, fault: Fault, beginning: Beginning): Promise<BrokenMachine> {
  const { kind, publisher, first, second } = beginning;
  const rig = await publisher.open(scope, fault.secure === true);
  const place = stand(scope, { source: rig.source });
  if (fault.ownDisk === 'small') mountSmallDisk(scope, place.state);
  if (fault.ownDisk === 'journaled') mountJournaledDisk(scope, place.state);
  cpSync(second, place.state, { recursive: true });
  const outOfReach = async (): Promise<void> => {
    await rig.arm(HTTP_EVILS['not-found'].does, kind.reached);
  };
  await outOfReach();
  const inReach: BrokenMachine['inReach'] = async (during) => {
    await place.idle(QUIET_MS);
    await rig.disarm();
    await during();
    await outOfReach();
  };
  const syncAgain = (): Promise<void> => inReach(() => place.sync());
  let passed = 0;
  scope.after(async () => {
    if (passed === 0) return;
    rig.pass?.(-passed);
    await rig.publish('');
  });
  return {
    ...{ rig, place, inReach, syncAgain, state: place.state, older: first },
    isNewest: async () => (await place.ask(`r${rig.newest()}.example`))[0] === 'allow org_allow',
    pass(ms) {
      passed += ms;
      rig.pass?.(ms);
    },
    async syncNext() {
      await rig.publish('');
      await syncAgain();
    },
    async restart() {
      await place.stop();
      await place.start();
    },
  };
}

async function befall(machine: BrokenMachine, fault: Fault): Promise<FaultSighting> {
  const { place } = machine;
  prepareStateDirectory(place.state);
  const refusal = await refusalOf(async () => {
    await place.start();
    await fault.happens?.(machine);
  });
  const seen = refusal === null ? await sightingOf(machine, fault) : { served: 'does not start', ...refusal };
  const logged = (await place.logged())
    .filter((line) => isNews(line) && !OUT_OF_REACH.has(line.code ?? ''))
    .map(lineOf);
  // what starts again by itself needs no mending, whatever somebody could do
  if (refusal !== null || fault.happens !== undefined) await fault.mend?.does(machine);
  if (refusal !== null) await place.start();
  return { ...seen, logged: [...new Set(logged)], healed: await heals(machine) };
}

async function refusalOf(
  start: () => Promise<void>,
): Promise<{ readonly says: readonly string[]; message: string } | null> {
  try {
    await start();
    return null;
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { says: [String(error.code)], message: generic(error.message) };
  }
}

async function sightingOf(
  { place, isNewest }: BrokenMachine,
  { upToDate }: Fault,
): Promise<Pick<FaultSighting, 'served' | 'says' | 'message'>> {
  const status = await place.status();
  const found = findings(status);
  const message = generic(found.map(({ code, message: text }) => `${code}: ${text}`).join('; '));
  const newest = upToDate === true && (await isNewest());
  return {
    served: newest ? 'the newest revision' : await servedBy(place),
    says: found.map(({ code }) => code),
    message,
  };
}

async function heals({ rig, place, isNewest }: BrokenMachine): Promise<boolean> {
  await rig.publish('');
  await rig.disarm();
  // a run that began before this meets nobody, and would be joined
  await place.idle(QUIET_MS);
  const { status } = await place.sync();
  const { source } = await place.status();
  // the age of a policy is looked at once a second
  await eventually('the newest revision', isNewest, 20_000).catch(() => undefined);
  return status === 200 && source?.state === 'ok' && (await isNewest());
}

/** By what only one revision allows. */
async function servedBy(place: Stand): Promise<string> {
  const answers = await place.ask('r1.example', 'r2.example', 'bad.example');
  switch (answers.join(', ')) {
    case 'allow org_allow, deny default_deny, deny org_deny':
      return 'revision 1';
    case 'deny default_deny, allow org_allow, deny org_deny':
      return 'revision 2';
    default:
      return [...new Set(answers)].join(', ');
  }
}

/** Every machine here hears of this sooner or later, by the clock. */
const OUT_OF_REACH = new Set(['not_found', 'absent']);

interface Finding {
  readonly code: string;
  readonly message: string;
}

/** What is worth saying of a machine: closed domains, warnings, and what the source met last; not what is always so. */
function findings({ domains, warnings, source }: StandStatus): readonly Finding[] {
  const closed = domains['network']?.closed;
  const error = source?.last_error;
  return [
    ...(closed === undefined || closed === null ? [] : [{ code: closed.code, message: closed.reason }]),
    ...warnings.filter(({ code }) => code !== 'no_rollback_protection'),
    ...(error === undefined || error === null
      ? []
      : [{ code: `${error.stage} ${error.code}`, message: error.message }]),
  ];
}
