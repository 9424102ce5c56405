import { accessSync, constants, type Stats, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import type { DaemonConfig } from '../daemon/config/daemon-config.ts';
import { MARK, POLICY_DATABASE } from '../store/policy-state.ts';
import { stateAccess } from './copy-state.ts';
import { examined, type Finding, found, skipped, type Verdict } from './finding.ts';
import { look } from './look.ts';
import type { Rehearsal } from './rehearse.ts';

const MIB = 1024 ** 2;
/** An activation writes the bundle some times over. */
const FULL_BYTES = 16 * MIB;
const LOW_BYTES = 256 * MIB;

/** Everything that makes a stored bundle unfit to serve closes the domains with this (delivery, "What always holds"). */
const NOT_BELIEVED = 'not_ready';

/** Whether the state directory is safe, has room, and holds what a daemon can go on with. */
export function checkState(config: DaemonConfig | null, rehearsal: Rehearsal | null): Verdict {
  if (config === null) return skipped('without a configuration nobody knows where it is');
  const name = shown(config.stateDirectory);
  if (stateAccess(config.stateDirectory) === 'closed') return skipped(`${name} is for the daemon only: use sudo`);
  const directory = look(config.stateDirectory);
  if (directory === null) return examined('', [found('state_missing', `there is no ${name}`)]);
  const findings = [
    ...directoryFindings(config, directory),
    ...fileFindings(config),
    ...writeFindings(config),
    ...diskFindings(config),
    ...(rehearsal === null ? [] : rehearsalFindings(rehearsal)),
  ];
  return examined(`${config.stateDirectory}: ${storedText(rehearsal)}`, findings);
}

function storedText(rehearsal: Rehearsal | null): string {
  const revision = rehearsal?.kind === 'ran' ? rehearsal.restored?.revision : undefined;
  return revision === undefined || revision === 'none' ? 'no policy is stored' : `revision ${revision} is stored`;
}

function directoryFindings({ stateDirectory, localOwners }: DaemonConfig, stats: Stats): readonly Finding[] {
  const name = shown(stateDirectory);
  if (!stats.isDirectory()) return [found('state_untrusted', `${name} is no directory`)];
  if ((stats.mode & 0o022) !== 0) {
    return [found('state_untrusted', `${name} can be written by its group or by others`)];
  }
  // root's service may run as a user of its own, whose directory this is then
  if (localOwners.includes(stats.uid) || process.geteuid?.() === 0) return [];
  return [found('state_untrusted', `${name} belongs to uid ${stats.uid}`)];
}

function fileFindings({ stateDirectory }: DaemonConfig): readonly Finding[] {
  return [POLICY_DATABASE, `${POLICY_DATABASE}-wal`, MARK, 'log.db', 'log.db-wal'].flatMap((name) => {
    const stats = look(join(stateDirectory, name));
    if (stats === null || (stats.mode & 0o077) === 0) return [];
    return [
      found('state_readable', `${shown(join(stateDirectory, name))} has mode 0${(stats.mode & 0o777).toString(8)}`),
    ];
  });
}

/** A file system that is read-only is so for root too. */
function writeFindings({ stateDirectory }: DaemonConfig): readonly Finding[] {
  try {
    accessSync(stateDirectory, constants.W_OK);
    return [];
  } catch (error) {
    const code = codeOf(error) ?? 'error';
    return [found('state_unwritable', `${shown(stateDirectory)} cannot be written (${code})`)];
  }
}

function diskFindings({ stateDirectory }: DaemonConfig): readonly Finding[] {
  const { bavail, bsize, files, ffree } = statfsSync(stateDirectory);
  const free = bavail * bsize;
  const text = `${Math.floor(free / MIB)} MiB are free at ${shown(stateDirectory)}`;
  // a file system that makes inodes as it needs them counts none
  if (files > 0 && ffree === 0) return [found('disk_full', `no inode is free at ${shown(stateDirectory)}`)];
  if (free < FULL_BYTES) return [found('disk_full', text)];
  return free < LOW_BYTES ? [found('disk_low', text)] : [];
}

function rehearsalFindings(rehearsal: Rehearsal): readonly Finding[] {
  if (rehearsal.kind === 'refused') {
    return [found('state_unusable', rehearsal.message, { cause: rehearsal.code })];
  }
  const closure = rehearsal.restored?.closures.find(({ code }) => code === NOT_BELIEVED);
  return closure === undefined ? [] : [found('state_not_believed', closure.reason, { cause: closure.code })];
}
