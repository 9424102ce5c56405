// `reeve daemon`, with a policy thread that ends the whole process at a step of an activation.
import { loadPolicyThread } from '../../../src/daemon/policy/policy-thread.ts';
import { runDaemon } from '../../../src/daemon/run-daemon.ts';

const config = process.argv.at(-1) ?? '';
await runDaemon(config, loadPolicyThread(new URL('./mortal-policy-worker.ts', import.meta.url)));
