import { parentPort } from 'node:worker_threads';
import { messageOf } from '../base/coded-error.ts';
import { compile } from '../policy/compile.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import type { CompileReply } from './compile-worker.ts';

// The thread's whole life: one policy set in, one compiled policy out.
parentPort?.on('message', (set: PolicySet) => {
  parentPort?.postMessage(replyTo(set));
});

function replyTo(set: PolicySet): CompileReply {
  try {
    return { kind: 'compiled', policy: compile(set) };
  } catch (error) {
    return { kind: 'failed', message: messageOf(error) };
  }
}
