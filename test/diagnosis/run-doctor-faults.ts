import { PassThrough } from 'node:stream';
import { doctorLines } from '../../src/cli/doctor-lines.ts';
import { Output } from '../../src/cli/output.ts';
import type { DoctorReport } from '../../src/diagnosis/examine.ts';
import type { Finding } from '../../src/diagnosis/finding.ts';
import type { Rig } from '../delivery/attack.ts';
import { governanceRig } from '../delivery/governance-rig.ts';
import { generic } from '../delivery/log-line.ts';
import { mountSmallDisk, noSmallDisk } from '../delivery/small-disk.ts';
import { tufRig } from '../delivery/tuf-rig.ts';
import { openScope } from '../support/scope.ts';
import { type ClinicOptions, openClinic } from './clinic.ts';
import { DISK_FAULTS, DISK_MEGABYTES } from './disk-faults.ts';
import type { DoctorFault } from './doctor-fault.ts';
import {
  CLIENT_FAULTS,
  CLOCK_FAULTS,
  CONFIGURATION_FAULTS,
  LOCAL_FAULTS,
  LOG_FAULTS,
  SOCKET_FAULTS,
  STATE_FAULTS,
} from './machine-faults.ts';
import { GOVERNANCE_FAULTS, TLS_FAULTS, TUF_FAULTS } from './source-faults.ts';

/** Faults that happen to one machine, one after the other. */
export interface DoctorFaultGroup extends Omit<ClinicOptions, 'prepare'> {
  readonly heading: string;
  readonly kind: Rig;
  readonly faults: readonly DoctorFault[];
  /** Why they cannot be tried on this machine. */
  readonly skip: string | false;
  /** The state has a small disk of its own. */
  readonly ownDisk?: boolean;
}

export const DOCTOR_FAULTS: readonly DoctorFaultGroup[] = [
  {
    heading: 'On one machine',
    kind: governanceRig,
    faults: [
      ...CONFIGURATION_FAULTS,
      ...STATE_FAULTS,
      ...SOCKET_FAULTS,
      ...LOCAL_FAULTS,
      ...LOG_FAULTS,
      ...CLIENT_FAULTS,
      ...CLOCK_FAULTS,
    ],
    skip: false,
  },
  { heading: 'On the way from a governance API', kind: governanceRig, faults: GOVERNANCE_FAULTS, skip: false },
  {
    heading: 'On the way from a governance API, by TLS',
    kind: governanceRig,
    secure: true,
    faults: TLS_FAULTS,
    skip: false,
  },
  { heading: 'On the way of a signed bundle', kind: tufRig, faults: TUF_FAULTS, skip: false },
  { heading: 'On a small disk', kind: governanceRig, faults: DISK_FAULTS, skip: noSmallDisk(), ownDisk: true },
];

export interface DoctorSighting {
  readonly fault: DoctorFault;
  /** What it was red about, `code` or `code: cause`; empty = it was not. */
  readonly red: readonly string[];
  /** The finding that was to be made. */
  readonly found: Finding | null;
  /** What a person is told. */
  readonly lines: readonly string[];
  /** Once it was mended, nothing was left. */
  readonly left: readonly string[];
}

/** Lets each happen to a machine that is well, asks the doctor, mends it, and asks again. */
export async function runDoctorFaults(group: DoctorFaultGroup): Promise<readonly DoctorSighting[]> {
  const scope = openScope();
  try {
    const clinic = await openClinic(scope, {
      ...{ kind: group.kind, secure: group.secure === true },
      prepare: ({ state }) => {
        if (group.ownDisk === true) mountSmallDisk(scope, state, DISK_MEGABYTES);
      },
    });
    const before = namesOf(faultsIn(await clinic.doctor()));
    if (before.length > 0) throw new Error(`this machine is not well: ${before.join(', ')}`);
    const sightings: DoctorSighting[] = [];
    for (const fault of group.faults) {
      const mend = await fault.does(clinic);
      const report = await clinic.doctor();
      const faults = faultsIn(report);
      await mend();
      const left = namesOf(faultsIn(await clinic.doctor()));
      const found = faults.find((finding) => nameOf(finding) === fault.finds) ?? null;
      sightings.push({ fault, red: namesOf(faults), found, lines: linesOf(report), left });
    }
    return sightings;
  } finally {
    await scope.close();
  }
}

/** On a terminal nothing marks where a path begins and ends. */
const PATH = /\/tmp\/[^\s`',:]*\/([^/\s`',:]+)/g;

/** As on a terminal without colours, without what is another one each time. */
function linesOf(report: DoctorReport): readonly string[] {
  const sink = new PassThrough();
  const output = new Output({ stdout: sink, stderr: sink, json: false, colour: false });
  return doctorLines(output, report).map((line) =>
    genericLine(line.replaceAll(PATH, '$1'))
      .replace(/pid \d+, generation \d+/, 'pid …, generation …')
      .replace(/in \d+\.\d ms/, 'in … ms')
      .replace(/of \d+ records/, 'of … records'),
  );
}

export function faultsIn({ checks }: DoctorReport): readonly Finding[] {
  return checks.flatMap(({ findings }) => findings).filter(({ severity }) => severity === 'fault');
}

function namesOf(findings: readonly Finding[]): readonly string[] {
  return [...new Set(findings.map(nameOf))];
}

export function nameOf({ code, cause }: Finding): string {
  return cause === null ? code : `${code}: ${cause}`;
}

function genericLine(text: string): string {
  return generic(text).replaceAll(/https?:\/\/127\.0\.0\.1:\d+/g, '…');
}

/** Without what is another one each time. */
export function wordsOf({ message }: Finding): string {
  return (
    genericLine(message)
      .replaceAll(/\d+ MiB/g, '… MiB')
      // it depends on whether this is the system's daemon
      .replace(/ instead of 0[0-7]{3}/, '')
  );
}
