import { isObject } from '../../policy/rule-shape.ts';
import { callAdmin, refusedCall } from '../ask-daemon.ts';
import type { Command } from '../command.ts';

/** Longer than a sync may take. */
const TIMEOUT_MS = 300_000;

export const sync: Command = {
  path: ['sync'],
  summary: 'pull the organisation policy now',
  description:
    'joins a pull in progress and waits until its policy is in force. exit code: 0, 1 it failed, 4 no daemon.',
  examples: ['reeve sync', 'reeve sync --json'],
  async run({ output }, input) {
    const response = await callAdmin(input, { method: 'POST', path: '/v1/sync', timeoutMs: TIMEOUT_MS });
    if (response.status !== 200 || !isObject(response.body)) throw refusedCall(response);
    const { generation, revision } = response.body as { generation?: unknown; revision?: unknown };
    output.result(response.body, () => [`in force: revision ${String(revision)}, generation ${String(generation)}`]);
    return 0;
  },
};
