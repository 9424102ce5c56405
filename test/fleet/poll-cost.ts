import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scope } from '../support/scope.ts';
import { tempDirectory } from '../support/temp-tree.ts';
import { countingProxy, type Traffic } from './counting-proxy.ts';
import { createMachine, type Machine } from './machine.ts';
import type { FleetSite } from './site.ts';

export interface PollCost extends Traffic {
  readonly name: string;
  readonly requests: readonly string[];
}

const ROUNDS = 5;

/** What a poll costs in TCP payload, by what it finds; medians of several rounds over one kept connection. */
export async function pollCosts(t: Scope, site: FleetSite): Promise<readonly PollCost[]> {
  const proxy = await countingProxy(site.port);
  t.after(() => proxy.close());
  const machine = createMachine({
    ...site,
    directory: join(tempDirectory(t), 'machine'),
    baseUrl: proxy.origin,
    intervalMs: 1_000,
    name: 'counted',
    onLive: () => undefined,
  });
  t.after(() => machine.close());
  const counted = async (name: string): Promise<PollCost> => {
    site.asked();
    proxy.take();
    await nextPoll(machine);
    return { name, ...proxy.take(), requests: site.asked() };
  };
  machine.source.start();
  const first = await counted('first contact');
  const rounds: PollCost[][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const unchanged = await counted('nothing new');
    await site.sign();
    const signed = await counted('a timestamp signed anew');
    await site.publish(2 + round);
    rounds.push([unchanged, signed, await counted('a new revision')]);
  }
  return [medianOf(rounds, 0), medianOf(rounds, 1), medianOf(rounds, 2), first];
}

/** The next run by the clock comes to its end: `sync` would ask without an ETag. */
async function nextPoll({ source }: Machine): Promise<void> {
  const planned = source.status().next_attempt;
  const isOver = (next: string | null): boolean => next !== null && next !== planned;
  while (!isOver(source.status().next_attempt)) await sleep(5);
  const { last_error: error } = source.status();
  if (error !== null) throw new Error(`a poll failed: ${error.message}`);
}

function medianOf(rounds: readonly (readonly PollCost[])[], index: number): PollCost {
  const bytes = ({ up, down }: PollCost): number => up + down;
  const sorted = rounds.flatMap((round) => round[index] ?? []).sort((a, b) => bytes(a) - bytes(b));
  const middle = sorted[sorted.length >> 1];
  if (middle === undefined) throw new Error('no round was run');
  return middle;
}
