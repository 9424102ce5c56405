import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../../src/client/index.ts';
import { type AskedHost, createReeveAsk } from '../../src/integrations/sandbox-runtime.ts';
import { machine, startDaemonProcess } from '../support/daemon-process.ts';

/** What the runtime needs of the machine; a reason to skip, or false. */
function missing(): string | false {
  const absent = ['bwrap', 'socat', 'rg', 'curl'].filter((name) => spawnSync('which', [name]).status !== 0);
  if (process.platform !== 'linux') return 'the sandbox of this test is bubblewrap, which is for Linux';
  if (absent.length > 0) return `${absent.join(', ')} missing: install bubblewrap, socat, ripgrep and curl`;
  const bare = spawnSync('bwrap', ['--ro-bind', '/', '/', '--unshare-net', '--dev', '/dev', 'true'], {
    timeout: 5_000,
  });
  return bare.status === 0 ? false : 'bubblewrap may not make namespaces here';
}

/** A server on loopback that says its name; its port. */
async function origin(t: TestContext, name: string): Promise<number> {
  const server = createServer((_, response) => response.end(`hello from ${name}\n`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

interface Fetched {
  readonly status: string;
  readonly body: string;
}

test('a sandbox of the sandbox-runtime reaches what the daemon allows, nothing else, and nothing without the daemon', {
  skip: missing(),
  timeout: 60_000,
}, async (t) => {
  const { SandboxManager } = await import('@anthropic-ai/sandbox-runtime');
  const [allowedPort, deniedPort] = [await origin(t, 'allowed'), await origin(t, 'denied')];
  const place = machine(t);
  place.writeLocal('10-origin.json', [{ id: 'origin', decision: 'allow', resources: [`localhost:${allowedPort}`] }]);
  const daemon = await startDaemonProcess(t, place);

  const client = createClient({ socket: place.decide, timeout: 1_000 });
  t.after(() => client.close());
  const ask = createReeveAsk({ client, denyReasons: SandboxManager.askCallbackDenyReason });
  const asked: string[] = [];
  const recorded = (question: AskedHost): ReturnType<typeof ask> => {
    asked.push(`${question.host}:${question.port ?? '?'}`);
    return ask(question);
  };
  await SandboxManager.initialize(
    {
      // both lists empty: reeve decides everything
      network: { allowedDomains: [], deniedDomains: [] },
      filesystem: { denyRead: [], allowWrite: [], denyWrite: [] },
    },
    recorded,
  );
  t.after(() => SandboxManager.reset());

  const fetchOnce = async (url: string): Promise<Fetched> => {
    // the runtime exempts loopback from its proxy; its own proxy is the only way out
    const curl = `curl --noproxy "" -sS --max-time 10 -w '%{http_code}' ${url}`;
    const output = await runShell(await SandboxManager.wrapWithSandbox(curl));
    const lines = output.trimEnd().split('\n');
    return { status: lines.at(-1) ?? '', body: lines.slice(0, -1).join('\n') };
  };
  // the relay inside a new sandbox may not listen yet when its command runs: then nobody was asked, and nothing answered
  const fetchInside = async (url: string, tries = 5): Promise<Fetched> => {
    const fetched = await fetchOnce(url);
    return fetched.status === '000' && tries > 1 ? sleep(200).then(() => fetchInside(url, tries - 1)) : fetched;
  };
  const first = `http://localhost:${allowedPort}/`;
  assert.deepEqual(await fetchInside(first), { status: '200', body: 'hello from allowed' });

  const denied = await fetchInside(`http://localhost:${deniedPort}/`);
  assert.equal(denied.status, '403');
  assert.doesNotMatch(denied.body, /hello/);
  assert.deepEqual(asked.slice(-2), [`localhost:${allowedPort}`, `localhost:${deniedPort}`]);
  const violation = SandboxManager.getSandboxViolationStore().getViolations().at(-1)?.line ?? '';
  assert.ok(violation.includes(`no rule allows connect:tcp to localhost:${deniedPort}`), violation);
  // another spelling of the same denied origin is the daemon's to understand
  assert.equal((await fetchInside(`http://LOCALHOST.:${deniedPort}/`)).status, '403');

  assert.equal((await daemon.stop()).code, 0);
  const after = await fetchInside(first);
  assert.equal(after.status, '403');
  assert.doesNotMatch(after.body, /hello/);
});

/** Standard output of a shell line that the runtime made, within 20 s. */
function runShell(line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(line, { shell: '/bin/sh', stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000 });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', () => resolve(output));
  });
}
