import { openSync, writeSync } from 'node:fs';
import { parentPort, Worker } from 'node:worker_threads';
import type { FromPolicyThread } from '../../../src/daemon/policy/policy-messages.ts';
import { readDeath } from './death.ts';

// The real policy thread. It writes down each step that it has told of, and dies as the environment says.
const { step: last, afterMicroseconds, marker } = readDeath(process.env);
const descriptor = openSync(marker, 'a');
const started = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Waits in a thread of its own, so that the process dies in the middle of whatever comes behind the step. */
const KILLER = `
  const { workerData } = require('node:worker_threads');
  Atomics.wait(workerData.started, 0, 0);
  const end = process.hrtime.bigint() + BigInt(workerData.microseconds) * 1000n;
  while (process.hrtime.bigint() < end);
  process.kill(process.pid, 'SIGKILL');`;

if (afterMicroseconds !== null) {
  const killer = new Worker(KILLER, { eval: true, workerData: { started, microseconds: afterMicroseconds } });
  await new Promise((resolve) => killer.once('online', resolve));
}

if (parentPort !== null) {
  const port = parentPort;
  const post = port.postMessage.bind(port);
  port.postMessage = (message: FromPolicyThread, transfer?: never): void => {
    post(message, transfer);
    const step = stepOf(message);
    if (step === null) return;
    writeSync(descriptor, `${step}\n`);
    if (step !== last) return;
    if (afterMicroseconds === null) process.kill(process.pid, 'SIGKILL');
    Atomics.store(started, 0, 1);
    Atomics.notify(started, 0);
  };
}

function stepOf(message: FromPolicyThread): string | null {
  if (message.kind !== 'log' || message.message !== 'activation') return null;
  return 'step' in message.fields ? String(message.fields.step) : null;
}

await import('../../../src/daemon/policy-thread-entry.ts');
