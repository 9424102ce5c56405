import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { eventually } from '../support/daemon-process.ts';
import { instead } from '../support/misbehaving-server.ts';
import type { Clinic } from './clinic.ts';
import type { DoctorFault, Mend } from './doctor-fault.ts';

const DAY = 86_400_000;

type Named = Pick<DoctorFault, 'id' | 'title' | 'finds'>;

const named = (id: string, title: string, finds: string): Named => ({ id, title, finds });

/** A mode that a file or directory should not have. */
function mode(named: Named, wrong: number, pathOf: (clinic: Clinic) => string): DoctorFault {
  return {
    ...named,
    does(clinic) {
      const path = pathOf(clinic);
      const right = statSync(path).mode & 0o777;
      chmodSync(path, wrong);
      return () => chmodSync(path, right);
    },
  };
}

/** A file that is there while it is looked at. */
function planted(path: string, content: string): Mend {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode: 0o600 });
  return () => rmSync(path);
}

function configured(id: string, title: string, finds: string, changes: Readonly<Record<string, unknown>>): DoctorFault {
  return {
    ...{ id, title, finds },
    does({ configure }) {
      configure(changes);
      return () => configure();
    },
  };
}

export const CONFIGURATION_FAULTS: readonly DoctorFault[] = [
  mode(
    named('config-writable', 'others may write the configuration', 'config_untrusted'),
    0o666,
    (clinic) => clinic.configFile,
  ),
  configured('config-member', 'a member that nobody knows', 'config_invalid', { presset: 'open' }),
  configured('config-url', 'plain HTTP to another machine', 'config_invalid', {
    source: { type: 'governance', base_url: 'http://policy.example/v2', org: 'acme', credential_file: '/nonexistent' },
  }),
  {
    id: 'config-gone',
    title: 'the configuration file is gone',
    finds: 'no_configuration',
    does({ tell }) {
      tell({ configFile: null });
      return () => tell({});
    },
  },
  {
    id: 'config-other-org',
    title: 'the configuration names another organisation than this machine belongs to',
    finds: 'would_close: org_conflict',
    does({ configure, place }) {
      const written = JSON.parse(readFileSync(join(place.root, 'reeve.yaml'), 'utf8')) as { source: object };
      configure({ source: { ...written.source, org: 'other' } });
      return () => configure();
    },
  },
  {
    id: 'config-other',
    title: 'the daemon runs with another configuration: other directories',
    finds: 'other_configuration',
    does({ configure, place }) {
      const state = join(place.root, 'other-state');
      mkdirSync(state, { mode: 0o700 });
      configure({ state_directory: state });
      return () => {
        configure();
        rmSync(state, { recursive: true });
      };
    },
  },
];

/** What stands in the state directory while the daemon is stopped. */
function stored(id: string, title: string, finds: string, spoil: (state: string) => void): DoctorFault {
  return {
    ...{ id, title, finds },
    async does({ place }) {
      await place.stop();
      const kept = ['policy.db', 'mark'].map((name) => ({
        path: join(place.state, name),
        bytes: readFileSync(join(place.state, name)),
      }));
      spoil(place.state);
      return async () => {
        rmSync(join(place.state, 'policy.db-wal'), { force: true });
        rmSync(join(place.state, 'policy.db-shm'), { force: true });
        for (const { path, bytes } of kept) writeFileSync(path, bytes, { mode: 0o600 });
        await place.start();
        await place.idle();
      };
    },
  };
}

function sql(file: string, text: string): void {
  const database = new SqliteDatabase(file);
  database.exec(text);
  database.close();
}

export const STATE_FAULTS: readonly DoctorFault[] = [
  mode(
    named('state-writable', 'others may write the state directory', 'state_untrusted'),
    0o777,
    ({ place }) => place.state,
  ),
  mode(named('state-readable', 'others may read the decision log', 'state_readable'), 0o644, ({ place }) =>
    join(place.state, 'log.db'),
  ),
  stored('database-half', 'half of the database is gone', 'state_unusable: database_corrupt', (state) =>
    truncateSync(join(state, 'policy.db'), statSync(join(state, 'policy.db')).size >> 1),
  ),
  stored('database-newer', 'a newer version has written the database', 'state_unusable: database_newer', (state) =>
    sql(join(state, 'policy.db'), 'PRAGMA user_version = 99'),
  ),
  stored('mark-gone', 'the mark beside the database is gone', 'state_not_believed: not_ready', (state) =>
    rmSync(join(state, 'mark')),
  ),
  stored('bundle-changed', 'somebody has changed the stored policy', 'state_not_believed: not_ready', (state) =>
    sql(join(state, 'policy.db'), "UPDATE bundle SET content = replace(content, 'a.example', 'b.example')"),
  ),
  {
    id: 'state-removed',
    title: 'somebody removed the state directory while the daemon runs',
    finds: 'state_missing',
    async does({ place }) {
      const aside = `${place.state}.aside`;
      renameSync(place.state, aside);
      await eventually('the daemon to see it', async () =>
        (await place.status()).warnings.some(({ code }) => code === 'policy_thread_lost'),
      );
      return async () => {
        await place.stop();
        rmSync(place.state, { recursive: true, force: true });
        renameSync(aside, place.state);
        await place.start();
        await place.idle();
      };
    },
  },
  {
    id: 'mark-unwritable',
    title: 'nothing new can be stored',
    finds: 'source_activate: mark_unwritable',
    async does({ place, rig }) {
      mkdirSync(join(place.state, 'mark.new'));
      await rig.publish('');
      return () => rmSync(join(place.state, 'mark.new'), { recursive: true });
    },
  },
];

export const SOCKET_FAULTS: readonly DoctorFault[] = [
  mode(
    named('sockets-directory', 'others may write the directory of the sockets', 'socket_directory_open'),
    0o777,
    ({ place }) => dirname(place.config.decideSocket),
  ),
  mode(
    named('admin-open', 'anybody may reach the admin socket', 'socket_open'),
    0o666,
    ({ place }) => place.config.adminSocket,
  ),
  mode(
    named('decide-closed', 'nobody may reach the decide socket', 'socket_closed'),
    0o400,
    ({ place }) => place.config.decideSocket,
  ),
  {
    id: 'daemon-stopped',
    title: 'no daemon runs',
    finds: 'daemon_not_running',
    async does({ place }) {
      await place.stop();
      return async () => {
        await place.start();
        await place.idle();
      };
    },
  },
  replaced('socket-file', 'a file stands in the place of the socket', 'socket_replaced', (path) => {
    writeFileSync(path, '');
    return () => rmSync(path);
  }),
  replaced('socket-hangs', 'somebody listens at the socket and never answers', 'daemon_silent', (path, right) =>
    listener(path, right, () => undefined),
  ),
  replaced('socket-stranger', 'another program listens at the socket', 'daemon_strange', (path, right) =>
    listener(path, right, (socket) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}')),
  ),
];

type Accept = (socket: { end: (text: string) => unknown }) => void;

async function listener(path: string, right: number, accept: Accept): Promise<Mend> {
  const open = new Set<{ destroy: () => unknown }>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => accept(socket));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  chmodSync(path, right);
  return () => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
}

/** Something else in the place of the decide socket; once that is gone, the daemon takes its place again. */
function replaced(
  id: string,
  title: string,
  finds: string,
  put: (path: string, mode: number) => Mend | Promise<Mend>,
): DoctorFault {
  return {
    ...{ id, title, finds },
    async does({ place }) {
      const path = place.config.decideSocket;
      const { mode: right } = statSync(path);
      rmSync(path);
      const mend = await put(path, right & 0o777);
      const isBack = async (): Promise<boolean> => {
        const status = existsSync(path) ? await place.status().catch(() => null) : null;
        return status !== null && !status.warnings.some(({ code }) => code === 'socket_lost');
      };
      return async () => {
        await mend();
        rmSync(path, { force: true });
        await eventually('the daemon to be back at its socket', isBack);
      };
    },
  };
}

function localFile(id: string, title: string, state: string, put: (path: string) => void): DoctorFault {
  return {
    ...{ id, title, finds: `local_file_refused: ${state}` },
    async does({ place }) {
      const path = join(place.config.localDirectory, 'mine.yaml');
      const states = async (): Promise<string> => (await place.status()).local_files.map((file) => file.state).join();
      put(path);
      await eventually(`a local file to be ${state}`, async () => (await states()) === state);
      return async () => {
        rmSync(path);
        await eventually('the local file to be forgotten', async () => (await states()) === '');
      };
    },
  };
}

const RULES = 'version: 1\nrules: [{decision: allow, resources: [local.example]}]\n';

export const LOCAL_FAULTS: readonly DoctorFault[] = [
  localFile('local-broken', 'a local file with a mistake', 'broken', (path) =>
    writeFileSync(path, 'version: 1\nrules: ['),
  ),
  localFile('local-link', 'a link in the place of a local file', 'not_read', (path) =>
    symlinkSync('/etc/hostname', path),
  ),
  localFile('local-writable', 'others may write a local file', 'allows_inert', (path) => {
    writeFileSync(path, RULES);
    chmodSync(path, 0o666);
  }),
];

export const LOG_FAULTS: readonly DoctorFault[] = [
  {
    id: 'log-changed',
    title: 'somebody has changed a record of the decision log',
    finds: 'log_broken',
    does({ place }) {
      const file = join(place.state, 'log.db');
      const change = (from: string, to: string): void =>
        sql(file, `UPDATE record SET text = replace(text, '${from}', '${to}') WHERE id = 1`);
      change('begin', 'began');
      return () => change('began', 'begin');
    },
  },
];

export const CLOCK_FAULTS: readonly DoctorFault[] = [
  {
    id: 'clock-behind',
    title: 'the clock was set back by a day',
    finds: 'clock_behind',
    does({ tell }) {
      tell({ now: () => Date.now() - DAY });
      return () => tell({});
    },
  },
  {
    id: 'policy-stale',
    title: 'nothing has confirmed the policy for 31 days',
    finds: 'policy_stale: block',
    async does({ place, rig, tell }) {
      await rig.arm(instead(404), 'list');
      place.shift(31 * DAY);
      tell({ now: () => Date.now() + 31 * DAY });
      await eventually('the policy to be stale', async () => (await place.status()).staleness.state === 'block');
      return async () => {
        await rig.disarm();
        await place.sync();
      };
    },
  },
];

function settings(named: Named, file: string, content: unknown): DoctorFault {
  return {
    ...named,
    does({ home, root }) {
      const path = file.startsWith('/') ? join(root, file) : join(home, file);
      return planted(path, typeof content === 'string' ? content : JSON.stringify(content));
    },
  };
}

const ASK = 'curl -sS --fail --unix-socket /run/reeve/decide.sock --data-binary @- http://reeve/v1/hooks/x';
const hooks = (event: string, hook: object): object => ({ hooks: { [event]: [{ matcher: '*', hooks: [hook] }] } });
const SQUID = 'acl reeve_ok external reeve\n';
const HELPER =
  'external_acl_type reeve concurrency=64 ttl=0 negative_ttl=0 %METHOD %DST %PORT /usr/bin/reeve squid-helper\n';

export const CLIENT_FAULTS: readonly DoctorFault[] = [
  settings(
    named('claude-open', 'a hook of Claude Code that may fail', 'client_fails_open'),
    '.claude/settings.json',
    hooks('PreToolUse', { type: 'command', command: ASK }),
  ),
  settings(
    named('claude-off', 'Claude Code has its hooks turned off', 'client_fails_open'),
    '/etc/claude-code/managed-settings.json',
    {
      ...hooks('PreToolUse', { type: 'command', command: ASK, onFailure: 'block' }),
      disableAllHooks: true,
    },
  ),
  settings(
    named('codex-open', 'a hook of Codex that may fail', 'client_fails_open'),
    '.codex/hooks.json',
    hooks('PreToolUse', { type: 'command', command: ASK }),
  ),
  settings(
    named('codex-toml-open', 'the same in its managed requirements', 'client_fails_open'),
    '/etc/codex/requirements.toml',
    `[[hooks.PreToolUse]]\nmatcher = "*"\n[[hooks.PreToolUse.hooks]]\ncommand = "${ASK}"\n`,
  ),
  settings(
    named('gemini-open', 'a hook of Gemini CLI that may fail', 'client_fails_open'),
    '.gemini/settings.json',
    hooks('BeforeTool', { type: 'command', command: ASK }),
  ),
  settings(named('cursor-open', 'a hook of Cursor that may fail', 'client_fails_open'), '.cursor/hooks.json', {
    version: 1,
    hooks: { preToolUse: [{ command: ASK }] },
  }),
  settings(
    named('srt-broken', 'settings of sandbox-runtime that are no JSON', 'client_settings_broken'),
    '.srt-settings.json',
    '{"network": ',
  ),
  settings(
    named('squid-caches', 'Squid keeps what its helper has answered', 'client_caches'),
    '/etc/squid/squid.conf',
    `${HELPER.replace('negative_ttl=0', '')}${SQUID}http_access deny !reeve_ok\n`,
  ),
  settings(
    named('squid-open', 'Squid allows before it has asked', 'client_fails_open'),
    '/etc/squid/squid.conf',
    `${HELPER}${SQUID}http_access allow localnet\nhttp_access deny !reeve_ok\n`,
  ),
];
