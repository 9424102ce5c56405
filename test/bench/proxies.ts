import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { type Bench, runLoad } from './bench.ts';
import { atLeast, atMost, type Row } from './goals.ts';
import type { LoadRounds, LoadTarget } from './load-job.ts';
import { type Endpoint, endpointOf, preparedMachine, startDaemon } from './machine.ts';
import { systemPeer } from './peers/install.ts';
import { type GeneratedRule, generateRules } from './policy-generator.ts';
import { type BenchProcess, startServer } from './processes.ts';
import { latencyRow, lineTarget, pumped, rateRow, sequentially } from './sockets.ts';

const SIZES = [100, 100_000] as const;

/** G8: a proxy that has allow lists, asked for what is not on them; keep-alive, over TCP as it is used. */
export async function againstSquid(bench: Bench): Promise<readonly Row[]> {
  const squid = systemPeer('squid');
  if (squid.kind === 'missing') return [{ kind: 'skipped', goal: 'G8', what: 'against Squid', reason: squid.reason }];
  bench.progress('Squid');
  const running: BenchProcess[] = [];
  try {
    const targets: LoadTarget[] = [];
    for (const size of SIZES) {
      const rules = generateRules(size);
      const port = await freePort();
      const args = ['-N', '-f', writeSquid(join(bench.directory, `squid${size}`), rules, port)];
      const proxy = await startServer({ command: squid.path, args }, { kind: 'tcp', port });
      running.push(proxy);
      targets.push({
        name: `squid${size}`,
        address: { kind: 'tcp', port },
        framing: 'http',
        requests: strangers.map(asGet),
        pid: proxy.pid,
      });
      const { endpoint, daemon } = await ourDaemon(bench, size);
      running.push(daemon);
      targets.push(lineTarget(`ours${size}`, endpoint, strangers.map(asQuestion)));
    }
    await runLoad({
      targets,
      rounds: 1,
      slices: 1,
      load: { kind: 'throughput', msPerSlice: 1_500, connections: 4, window: 1 },
    });
    return squidRows(await sequentially(bench, targets), await pumped(bench, { connections: 8, window: 1 }, targets));
  } finally {
    await Promise.all(running.map((server) => server.stop()));
  }
}

/** Names that no rule knows. */
const strangers = Array.from({ length: 256 }, (_, index) => `host${index}.nobody${index % 7}.example`);

const asGet = (host: string): string => `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const asQuestion = (host: string): object => ({ action: 'connect:tcp', host, port: 80 });

async function ourDaemon(bench: Bench, size: number): Promise<{ endpoint: Endpoint; daemon: BenchProcess }> {
  const machine = preparedMachine(bench, size);
  const daemon = await startDaemon(machine);
  return { endpoint: endpointOf(machine, daemon.pid), daemon };
}

function squidRows(sequential: LoadRounds, parallel: LoadRounds): readonly Row[] {
  const at = 'p50';
  const named = (ours: string, theirs: string, { latency, rate, busy }: LoadRounds): LoadRounds => ({
    latency: { ours: latency[ours] ?? [], [theirs]: latency[theirs] ?? [], against: latency[theirs] ?? [] },
    rate: { ours: rate[ours] ?? [], [theirs]: rate[theirs] ?? [] },
    busy,
  });
  return [
    ...SIZES.map((size) =>
      latencyRow(
        'G8',
        `p50, a denial, ${size.toLocaleString('en')} rules`,
        named(`ours${size}`, `squid${size}`, sequential),
        {
          at,
          floor: `squid${size}`,
          goal: atMost(0.65),
          beat: null,
        },
      ),
    ),
    rateRow('G8', '8 connections, denials, 100,000 rules', named('ours100000', 'squid100000', parallel), {
      floor: 'squid100000',
      goal: atLeast(3),
      beat: null,
    }),
    latencyRow('G8', 'p50, a denial, flat from 100 to 100,000 rules', named('ours100000', 'ours100', sequential), {
      at,
      floor: 'ours100',
      goal: atMost(1.2),
      beat: null,
    }),
  ];
}

/** Hosts and IPv4 prefixes are what its lists can say; the rest is left out, in Squid's favour. */
function writeSquid(directory: string, rules: readonly GeneratedRule[], port: number): string {
  const at = (name: string): string => join(directory, name);
  mkdirSync(directory, { mode: 0o777 });
  const network = rules.filter(({ actions, decision }) => actions[0] === 'connect:tcp' && decision === 'allow');
  const resources = network.map(({ resources: [resource] }) => resource);
  const prefixes = resources.filter((resource) => resource.includes('/') && !resource.includes(':'));
  const names = resources
    .filter((resource) => !resource.includes('/'))
    .map((text) => text.replace(/^\*+/, '').replace(/:\d+$/, ''));
  writeFileSync(at('names'), `${names.join('\n')}\n`);
  writeFileSync(at('prefixes'), `${prefixes.join('\n')}\n`);
  const lines = [
    `http_port 127.0.0.1:${port}`,
    `pid_filename ${at('pid')}`,
    'access_log none',
    `cache_log ${at('cache.log')}`,
    'cache deny all',
    'cache_store_log none',
    `coredump_dir ${directory}`,
    'client_persistent_connections on',
    `acl names dstdomain "${at('names')}"`,
    // without a look at the name service
    `acl prefixes dst -n "${at('prefixes')}"`,
    'http_access allow names',
    'http_access allow prefixes',
    'http_access deny all',
    'shutdown_lifetime 0 seconds',
    'pinger_enable off',
  ];
  writeFileSync(at('squid.conf'), `${lines.join('\n')}\n`);
  return at('squid.conf');
}

/** G9: the cheapest sub-request that nginx can make, over a Unix socket as ours. */
export async function againstNginx(bench: Bench): Promise<readonly Row[]> {
  const nginx = systemPeer('nginx');
  if (nginx.kind === 'missing') return [{ kind: 'skipped', goal: 'G9', what: 'against nginx', reason: nginx.reason }];
  bench.progress('nginx');
  const running: BenchProcess[] = [];
  try {
    const directory = join(bench.directory, 'nginx');
    const path = join(directory, 'nginx.sock');
    const program = { command: nginx.path, args: ['-p', directory, '-c', writeNginx(directory, path), '-e', 'stderr'] };
    const server = await startServer(program, { kind: 'unix', path });
    running.push(server);
    const { endpoint, daemon } = await ourDaemon(bench, 10_000);
    running.push(daemon);
    const get = 'GET /gif HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const requests = Array.from({ length: 256 }, () => get);
    const targets: readonly LoadTarget[] = [
      { name: 'nginx', address: { kind: 'unix', path }, framing: 'http', requests, pid: server.pid },
      lineTarget('ours', endpoint, strangers.map(asQuestion)),
    ];
    await runLoad({
      targets,
      rounds: 1,
      slices: 1,
      load: { kind: 'throughput', msPerSlice: 1_500, connections: 4, window: 1 },
    });
    const floor = 'nginx';
    const sequential = await sequentially(bench, targets);
    const parallel = await pumped(bench, { connections: 8, window: 1 }, targets);
    return [
      latencyRow('G9', 'p50, against auth_request, 10,000 rules', sequential, {
        at: 'p50',
        floor,
        goal: atMost(1.2),
        beat: null,
      }),
      rateRow('G9', '8 connections, against auth_request, 10,000 rules', parallel, {
        floor,
        goal: atLeast(0.9),
        beat: null,
      }),
    ];
  } finally {
    await Promise.all(running.map((server) => server.stop()));
  }
}

function writeNginx(directory: string, socket: string): string {
  mkdirSync(directory, { mode: 0o755 });
  const file = join(directory, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; master_process off; worker_processes 1; pid ${directory}/pid;
    events { worker_connections 256; }
    http {
      access_log off; keepalive_requests 1000000000; keepalive_timeout 300s;
      client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy;
      fastcgi_temp_path ${directory}/fastcgi; uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
      server {
        listen unix:${socket};
        location = /gif { auth_request /may; empty_gif; }
        location = /may { internal; return 204; }
      }
    }\n`,
  );
  return file;
}
