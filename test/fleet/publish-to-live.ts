import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scope } from '../support/scope.ts';
import { quickDirectory } from '../support/tuf-stage.ts';
import { createMachine, type Machine } from './machine.ts';
import type { FleetSite } from './site.ts';

export interface FleetOptions {
  readonly machines: number;
  readonly rounds: number;
  readonly intervalMs: number;
  /** The first revision that is published. */
  readonly revision: number;
  readonly progress: (line: string) => void;
}

export interface FleetReport {
  /** From the moment at which the publisher is done to the swap, in milliseconds, of every machine and round. */
  readonly delays: readonly number[];
  /** Requests that nginx has seen, and in how long. */
  readonly requests: number;
  readonly seconds: number;
  /** The most of them in one second. */
  readonly busiestSecond: number;
}

/** How many machines are enrolled at a time. */
const ENROLLED_AT_ONCE = 20;

/**
 * Many machines that hold a policy start again within a moment, as after a power cut, and poll by their own clocks; a new
 * revision comes at any time. Each is the daemon's own source, store and activation.
 */
export async function publishToLive(t: Scope, site: FleetSite, options: FleetOptions): Promise<FleetReport> {
  const { machines: count, rounds, intervalMs, progress } = options;
  const directory = mkdtempSync(join(quickDirectory(), 'reeve-fleet-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const arrivals = new Map<string, number[]>();
  const create = (index: number): Machine =>
    createMachine({
      ...site,
      directory: join(directory, String(index)),
      baseUrl: `http://127.0.0.1:${site.port}`,
      intervalMs,
      name: `machine-${index}`,
      onLive: (revision) => void arrivals.get(revision)?.push(performance.now()),
    });
  const fleet = Array.from({ length: count }, (_, index) => create(index));
  t.after(() => Promise.all(fleet.map((machine) => machine.close())));
  progress(`enrolling ${count} machines`);
  for (let at = 0; at < count; at += ENROLLED_AT_ONCE) {
    await Promise.all(fleet.slice(at, at + ENROLLED_AT_ONCE).map((machine) => machine.poll()));
  }
  for (const machine of fleet) machine.source.start();
  // each has polled at least once by its own clock
  await sleep(intervalMs * 1.1 + 1_000);
  const delays: number[] = [];
  const load = countLoad(site);
  for (let round = 0; round < rounds; round += 1) {
    await sleep(Math.random() * intervalMs);
    const revision = options.revision + round;
    const arrived: number[] = [];
    arrivals.set(String(revision), arrived);
    await site.publish(revision);
    const publishedAt = performance.now();
    const deadline = publishedAt + intervalMs * 3;
    while (arrived.length < count && performance.now() < deadline) await sleep(50);
    if (arrived.length < count) throw new Error(`${count - arrived.length} machines do not have revision ${revision}`);
    delays.push(...arrived.map((at) => at - publishedAt));
    progress(
      `revision ${revision} is live on ${count} machines after ${Math.max(...delays.slice(-count)).toFixed(0)} ms`,
    );
  }
  return { delays, ...load() };
}

/** What nginx saw from now on. */
function countLoad(site: FleetSite): () => Omit<FleetReport, 'delays'> {
  const began = performance.now();
  const perSecond: number[] = [];
  site.asked();
  const timer = setInterval(() => perSecond.push(site.asked().length), 1_000);
  return () => {
    clearInterval(timer);
    perSecond.push(site.asked().length);
    const requests = perSecond.reduce((sum, number) => sum + number, 0);
    return { requests, seconds: (performance.now() - began) / 1_000, busiestSecond: Math.max(...perSecond) };
  };
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
