import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { within } from '../support/daemon-process.ts';

/** What a container needs of the machine, in namespaces that end with the command. */
const TRIED =
  'mount -t tmpfs none /mnt && mkdir /mnt/upper /mnt/work /mnt/merged && ' +
  'mount -t overlay none -o lowerdir=/usr,upperdir=/mnt/upper,workdir=/mnt/work /mnt/merged';

/** Why no systemd can be booted here; null = it can be tried. */
export function bootObstacle(): string | null {
  if (process.platform !== 'linux') return 'only Linux has systemd';
  if (process.geteuid?.() !== 0) return 'only root may boot a container';
  if (!existsSync('/usr/lib/systemd/systemd')) return 'systemd is not installed';
  for (const program of ['systemd-nspawn', 'dpkg-deb', 'ps', 'setpriv']) {
    if (spawnSync(program, ['--version']).status !== 0) return `${program} is not installed`;
  }
  const tried = spawnSync('unshare', ['--mount', '--pid', '--fork', '--mount-proc', 'sh', '-c', TRIED]);
  return tried.status === 0 ? null : 'this machine allows no namespaces or overlays';
}

/** Nothing of these is of use in a container, and some wait for devices that it has not. */
const MASKED = [
  ...['systemd-logind.service', 'systemd-networkd.service', 'systemd-resolved.service', 'systemd-timesyncd.service'],
  ...[
    'getty.target',
    'console-getty.service',
    'systemd-firstboot.service',
    'systemd-homed.service',
    'dbus.socket',
    'dbus.service',
  ],
  ...[
    'systemd-update-utmp.service',
    'systemd-update-utmp-runlevel.service',
    'apt-daily.timer',
    'apt-daily-upgrade.timer',
  ],
];

/** How systemd-nspawn asks to be started again (`--keep-unit`). */
const REBOOTS = 133;
const MAX_BOOTS = 4;

const PROBE_UNIT = `[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash /results/probe.sh
TimeoutStartSec=300
[Install]
WantedBy=multi-user.target
`;

/** A machine that holds nothing but what a test puts there; its programs are this machine's, read-only. */
export class Container {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
    // it becomes `/`, which is everybody's
    chmodSync(root, 0o755);
    for (const name of ['usr', 'etc', 'var', 'run', 'proc', 'sys', 'dev', 'opt', 'srv', 'home', 'results', 'upper']) {
      mkdirSync(join(root, name), { mode: 0o755 });
    }
    mkdirSync(join(root, 'root'), { mode: 0o700 });
    mkdirSync(join(root, 'tmp'));
    chmodSync(join(root, 'tmp'), 0o1777);
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name));
    this.write('/etc/os-release', readFileSync('/usr/lib/os-release', 'utf8'));
    // known already: a first boot would enable whatever this machine has installed
    this.write('/etc/machine-id', '4c1d5b0e7f3a4e6d8a9b0c1d2e3f4a5b\n');
    this.write('/etc/nsswitch.conf', 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n');
    this.write('/etc/hosts', '127.0.0.1 localhost\n');
    this.write(
      '/etc/passwd',
      'root:x:0:0::/root:/bin/bash\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\nann:x:1000:1000::/home/ann:/bin/bash\n',
    );
    this.write('/etc/group', 'root:x:0:\nnogroup:x:65534:\nann:x:1000:\n');
    this.write('/etc/shadow', 'root:*:1::::::\n', 0o640);
    for (const unit of MASKED) this.link(`/etc/systemd/system/${unit}`, '/dev/null');
  }

  write(path: string, text: string, mode = 0o644): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(file, text);
    chmodSync(file, mode);
  }

  link(path: string, target: string): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    symlinkSync(target, file);
  }

  directory(path: string, mode: number, uid = 0): void {
    mkdirSync(join(this.root, path), { recursive: true });
    chmodSync(join(this.root, path), mode);
    chownSync(join(this.root, path), uid, uid);
  }

  copy(from: string, to: string): void {
    cpSync(from, join(this.root, to), { recursive: true });
  }

  read(path: string): string {
    const file = join(this.root, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** Runs a script as root once systemd is up, at every boot until the machine is switched off. No network but loopback. */
  async run(script: string, timeoutMs: number): Promise<void> {
    this.write('/results/probe.sh', script);
    this.write('/etc/systemd/system/probe.service', PROBE_UNIT);
    this.link('/etc/systemd/system/multi-user.target.wants/probe.service', '../probe.service');
    const end = performance.now() + timeoutMs;
    let boots = 1;
    while ((await this.#boot(end - performance.now())) === REBOOTS) {
      boots += 1;
      if (boots > MAX_BOOTS) throw new Error('the container boots again and again');
    }
  }

  /** Until it is off, or wants to be booted again. */
  async #boot(timeoutMs: number): Promise<number | null> {
    // a namespace around it all: whoever is killed takes everybody along
    const child = spawn('unshare', [
      ...['--pid', '--fork', '--kill-child', '--mount-proc', 'systemd-nspawn'],
      ...['--quiet', '--register=no', '--keep-unit', '--private-network', '--link-journal=no', '--console=pipe'],
      // packages may be installed, and nothing of this machine changes
      ...['--directory', this.root, `--overlay=/usr:${join(this.root, 'upper')}:/usr`],
      ...['--boot', '--', 'systemd.unit=multi-user.target'],
    ]);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = once(child, 'close');
    try {
      await within(timeoutMs, 'the container to switch itself off', ended);
      return child.exitCode;
    } catch (error) {
      child.kill('SIGKILL');
      await ended;
      throw new Error(`${String(error)}\n${this.read('/results/log')}\n${output.slice(-4_000)}`, { cause: error });
    }
  }
}
