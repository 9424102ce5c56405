import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servicePlaces } from '../../src/service/places.ts';
import { serviceFiles } from '../../src/service/service-files.ts';
import { socketLayout } from '../../src/socket/layout.ts';

/** Why each directive that counts against the unit is as it is, by the name that systemd-analyze has for it. */
const REASONS: Readonly<Record<string, string>> = {
  RootDirectoryOrRootImage: 'a path is judged by the tree that the asking program sees: this one has to be the same',
  AmbientCapabilities: 'how a user that is not root gets the one capability',
  CapabilityBoundingSet_CAP_DAC_FOWNER_IPC_OWNER:
    '`CAP_DAC_READ_SEARCH` alone: links in directories of others are followed to what they lead to; nothing can be written with it',
  PrivateDevices: 'it would be another `/dev`; `DevicePolicy=closed` keeps devices shut instead',
  ProtectControlGroups: 'it mounts another `/proc` and `/sys` over those of the machine; the user may write neither',
  ProtectKernelTunables: 'the same; the user may write none of them',
  MemoryDenyWriteExecute: 'Node.js compiles JavaScript to machine code while it runs',
  RestrictAddressFamilies_AF_UNIX: 'the sockets that are asked',
  RestrictAddressFamilies_AF_INET_INET6: 'the policy source',
  ProtectHome: '`read-only`: with `yes` nothing in a home could be resolved',
  ProtectProc: 'it would be another `/proc`',
  ProcSubset: 'it would be another `/proc`',
  PrivateNetwork: 'the policy source',
  PrivateUsers: 'uids of callers would all be nobody’s, and the capability would not count for files of others',
  PrivateTmp: 'it would be another `/tmp`, in which no link of an attacker is seen',
  DeviceAllow: 'the clock may be read; that comes with `ProtectClock`',
  IPAddressDeny: 'where the policy source is, only the configuration says',
};

interface Assessment {
  readonly name: string;
  readonly json_field: string;
  readonly description: string;
  readonly exposure: string | null;
}

export interface Exposure {
  readonly overall: number;
  readonly left: readonly Assessment[];
}

/** The unit of the system service, as it is installed where the Debian package puts the program. */
export function systemUnit(): string {
  const layout = socketLayout({ platform: 'linux', uid: 0, home: null });
  const program = { words: ['/bin/true'], packageDirectory: join(import.meta.dirname, '../..') };
  const places = servicePlaces({ kind: 'system', platform: 'linux', home: null, layout }, program, null);
  return serviceFiles(places).find(({ path }) => path.endsWith('/reeve.service'))?.text ?? '';
}

/** What `systemd-analyze security` makes of a unit. */
export function exposureOf(unit: string): Exposure {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-unit-'));
  try {
    const file = join(folder, 'reeve.service');
    writeFileSync(file, unit);
    const overall = /exposure level for \S+: (\d+\.\d)/.exec(analyze(file, '--no-pager'))?.[1];
    const rows = JSON.parse(analyze(file, '--json=short')) as readonly Assessment[];
    return { overall: Number(overall), left: rows.filter(({ exposure }) => Number(exposure ?? 0) > 0) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function analyze(file: string, option: string): string {
  return spawnSync('systemd-analyze', ['security', '--offline=true', option, file], { encoding: 'utf8' }).stdout;
}

/** `252`; null without systemd. */
export function systemdVersion(): string | null {
  return /^systemd (\d+)/.exec(spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' }).stdout)?.[1] ?? null;
}

/** Every directive that is left out has a reason, and every reason a directive. */
export function unexplained({ left }: Exposure): readonly string[] {
  const fields = left.map(({ json_field: field }) => field);
  const without = fields.filter((field) => REASONS[field] === undefined);
  return [...without, ...Object.keys(REASONS).filter((field) => !fields.includes(field))];
}

export function exposureText({ overall, left }: Exposure): string {
  const rows = left.map(
    ({ name, json_field: field, exposure }) =>
      `| \`${name.replaceAll('|', '\\|')}\` | ${exposure ?? ''} | ${REASONS[field] ?? ''} |`,
  );
  return [
    `\`systemd-analyze security\` of systemd ${systemdVersion() ?? 'unknown'} gives the unit **${overall.toFixed(1)}** of 10, where less is better. What is left out:`,
    '',
    '| directive | costs | why it is left out |',
    '|---|---|---|',
    ...rows,
  ].join('\n');
}

export function runText(log: string): string {
  return `\`\`\`\n${log}\n\`\`\``;
}

/** What is between two marks of the page. */
export function between(page: string, name: string): string {
  const [start, end] = marks(page, name);
  return page.slice(start, end).trim();
}

export function withBetween(page: string, name: string, text: string): string {
  const [start, end] = marks(page, name);
  return `${page.slice(0, start)}\n${text}\n${page.slice(end)}`;
}

function marks(page: string, name: string): readonly [number, number] {
  const [first, last] = [`<!-- ${name}: generated -->`, `<!-- ${name}: end -->`];
  const [start, end] = [page.indexOf(first), page.indexOf(last)];
  if (start === -1 || end < start) throw new Error(`docs/service.md has no marks for \`${name}\``);
  return [start + first.length, end];
}
