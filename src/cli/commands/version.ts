import { VERSION } from '../../daemon/version.ts';
import type { Command } from '../command.ts';

export const version: Command = {
  path: ['version'],
  summary: 'show the version of reeve and of Node.js',
  examples: ['reeve version', 'reeve version --json'],
  run({ output }) {
    const value = { reeve: VERSION, node: process.versions.node };
    output.result(value, () => [`reeve ${value.reeve} (Node.js ${value.node})`]);
    return Promise.resolve(0);
  },
};
