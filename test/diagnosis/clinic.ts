import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '../../src/daemon/version.ts';
import { type DoctorReport, examine } from '../../src/diagnosis/examine.ts';
import type { DoctorOptions } from '../../src/diagnosis/subject.ts';
import { servicePlaces } from '../../src/service/places.ts';
import { installation } from '../daemon/config.ts';
import type { OpenRig, Rig } from '../delivery/attack.ts';
import { type Stand, stand } from '../delivery/stand.ts';
import type { Scope } from '../support/scope.ts';

/** A machine with a running daemon, its source, and somebody who looks at all of it. */
export interface Clinic {
  readonly place: Stand;
  readonly rig: OpenRig;
  /** The configuration file that the daemon was started with, as the doctor reads it. */
  readonly configFile: string;
  /** Where the settings of agents are. */
  readonly home: string;
  /** `/` for whatever is not in a home. */
  readonly root: string;
  /** Writes the configuration file anew, with these members instead. */
  readonly configure: (changes?: Readonly<Record<string, unknown>>) => void;
  /** What the doctor is told beside it, from now on. */
  readonly tell: (options: Partial<DoctorOptions>) => void;
  readonly doctor: () => Promise<DoctorReport>;
}

export interface ClinicOptions {
  readonly kind: Rig;
  /** The source is asked by TLS. */
  readonly secure?: boolean;
  /** Called before the daemon starts. */
  readonly prepare?: (place: Stand) => void;
}

/** The system's, which goes by another configuration than a clinic has. */
const SERVICE = servicePlaces(
  { kind: 'system', platform: 'linux', home: null, layout: installation().layout },
  { words: ['/usr/bin/reeve'], packageDirectory: '/nonexistent' },
  '/etc/reeve/reeve.yaml',
);

/** Opens one whose daemon serves the first revision of its source. */
export async function openClinic(scope: Scope, { kind, secure = false, prepare }: ClinicOptions): Promise<Clinic> {
  const rig = await kind.publisher().open(scope, secure);
  let written: Readonly<Record<string, unknown>> = {};
  const source = (root: string): Readonly<Record<string, unknown>> => {
    written = rig.source(root);
    return written;
  };
  const place = stand(scope, { source, more: { decision_log: { enabled: true } } });
  const [configFile, home, root] = ['reeve.yaml', 'home', 'machine'].map((name) => join(place.root, name));
  for (const directory of [home, root]) mkdirSync(directory ?? '');
  const configure: Clinic['configure'] = (changes = {}) => {
    const config = {
      sockets: { decide: join(place.root, 'run/decide.sock'), admin: join(place.root, 'run/admin.sock') },
      state_directory: place.state,
      local_directory: join(place.root, 'local.d'),
      source: written,
      ...changes,
    };
    writeFileSync(configFile ?? '', JSON.stringify(config), { mode: 0o600 });
  };
  configure();
  prepare?.(place);
  await place.start();
  await place.idle();
  let told: Partial<DoctorOptions> = {};
  return {
    ...{ place, rig, configure },
    ...{ configFile: configFile ?? '', home: home ?? '', root: root ?? '' },
    tell: (options) => void (told = options),
    doctor: () =>
      examine({
        ...{ configFile: configFile ?? '', installation: installation(), version: VERSION },
        sockets: { decide: undefined, admin: undefined },
        offline: false,
        places: { root: root ?? '', homes: [home ?? ''] },
        service: { places: SERVICE, run: () => Promise.resolve({ code: null, stdout: '', stderr: 'nobody' }) },
        now: () => Date.now(),
        beforeEnd: () => () => undefined,
        ...told,
      }),
  };
}
