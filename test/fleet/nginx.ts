import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import type { Scope } from '../support/scope.ts';
import { tempDirectory } from '../support/temp-tree.ts';

export interface Nginx {
  readonly port: number;
  /** Lines of its log since the last call: status and path. */
  readonly asked: () => readonly string[];
}

/** Null = it can be had; else why not. */
export function nginxMissing(): string | null {
  const { status, error } = spawnSync('nginx', ['-v']);
  return error === undefined && status === 0 ? null : 'nginx is not installed (Debian package `nginx-light`)';
}

/** nginx over a repository, with the settings that docs/publishing.md recommends, on a free port of loopback. */
export async function startNginx(t: Scope, repository: string): Promise<Nginx> {
  const directory = tempDirectory(t);
  const port = await freePort();
  const log = join(directory, 'access.log');
  writeFileSync(join(directory, 'nginx.conf'), configuration({ directory, port, repository, log }));
  const child = spawn('nginx', ['-p', directory, '-c', join(directory, 'nginx.conf'), '-g', 'daemon off;'], {
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  await ready(port, () => child.exitCode);
  let read = 0;
  return {
    port,
    asked() {
      const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
      const fresh = text.slice(read).split('\n').slice(0, -1);
      read = text.length;
      return fresh;
    },
  };
}

interface Place {
  readonly directory: string;
  readonly port: number;
  readonly repository: string;
  readonly log: string;
}

function configuration({ directory, port, repository, log }: Place): string {
  const text = readFileSync(new URL('../../config/nginx-repository.conf', import.meta.url), 'utf8');
  const server = text
    .replaceAll('/srv/reeve/repository', repository)
    .replace(/listen .*;/, `listen 127.0.0.1:${port};`);
  return `user root;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events { worker_connections 4096; }
http {
  client_body_temp_path ${directory};
  proxy_temp_path ${directory};
  fastcgi_temp_path ${directory};
  uwsgi_temp_path ${directory};
  scgi_temp_path ${directory};
  log_format asked '$status $uri';
  access_log ${log} asked;
${server}
}
`;
}

async function ready(port: number, exitCode: () => number | null): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await takesConnections(port))) {
    if (exitCode() !== null || performance.now() > deadline) throw new Error('nginx does not take connections');
    await sleep(20);
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      resolve(true);
      socket.destroy();
    });
    socket.on('error', () => resolve(false));
  });
}
