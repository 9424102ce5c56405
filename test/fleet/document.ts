import type { PollCost } from './poll-cost.ts';
import { type FleetReport, quantile } from './publish-to-live.ts';

export interface Measured {
  readonly costs: readonly PollCost[];
  readonly fleet: FleetReport;
  readonly machines: number;
  readonly rounds: number;
  /** Seconds. */
  readonly interval: number;
  readonly cores: number;
}

const DAY_S = 86_400;
/** What the paper part is about. */
const LARGE = 100_000;
/** Hours between two signatures of the timestamp. */
const SIGNED_EVERY_H = 1;

/** Markdown: what was measured, and what follows from it for a large fleet. */
export function fleetDocument(measured: Measured): string {
  const { machines, rounds, interval, cores } = measured;
  return [
    `Measured with \`npm run fleet\` on ${cores} cores, Node ${process.versions.node}, nginx on loopback: medians of five`,
    `polls over one kept connection, and ${rounds} revisions on ${machines} machines with an interval of ${interval} s.`,
    '',
    '### A poll',
    '',
    ...table(
      ['what it finds', 'requests', 'bytes up', 'bytes down'],
      measured.costs.map(({ name, requests, up, down }) => [name, String(requests.length), String(up), String(down)]),
    ),
    '',
    '### From publishing to being in force',
    '',
    ...liveTable(measured),
    '',
    `### What ${LARGE.toLocaleString('en')} machines cost`,
    '',
    ...paperTable(measured),
  ].join('\n');
}

function liveTable({ fleet, machines, rounds, interval }: Measured): readonly string[] {
  const seconds = (part: number): string => `${(quantile(fleet.delays, part) / 1_000).toFixed(1)} s`;
  const rate = fleet.requests / fleet.seconds;
  return table(
    ['p50', 'p90', 'p99', 'the last', 'requests a second', 'in the busiest second'],
    [[seconds(0.5), seconds(0.9), seconds(0.99), seconds(1), rate.toFixed(0), String(fleet.busiestSecond)]],
  ).concat(
    '',
    `${machines * rounds} swaps, counted from the moment at which the publisher is done. An interval of ${interval} s and ± 10 % are`,
    `${(interval * 1.1).toFixed(0)} s at the most; a cache in between adds its 30 s.`,
  );
}

function paperTable({ costs, interval }: Measured): readonly string[] {
  const [unchanged, signed, changed] = costs;
  if (unchanged === undefined || signed === undefined || changed === undefined) return [];
  const polls = LARGE / interval;
  const bytes = ({ up, down }: PollCost): number => up + down;
  const anew = 24 / SIGNED_EVERY_H;
  const aDay = (DAY_S / interval - anew) * bytes(unchanged) + anew * bytes(signed);
  return table(
    ['what', 'figure'],
    [
      ['polls a second', polls.toFixed(0)],
      ['requests a second, all of them cacheable', (polls * unchanged.requests.length).toFixed(0)],
      ['traffic a machine and day without a change', `${(aDay / 1e6).toFixed(2)} MB`],
      ['traffic of the fleet without a change', `${((polls * bytes(unchanged) * 8) / 1e6).toFixed(1)} Mbit/s`],
      ['a change, for the whole fleet', `${((LARGE * bytes(changed)) / 1e9).toFixed(2)} GB within ${interval} s`],
    ],
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}
