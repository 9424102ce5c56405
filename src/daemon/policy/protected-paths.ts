import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProtectedPaths } from '../../policy/builtin-rules.ts';
import type { DaemonConfig, LogConfig } from '../config/daemon-config.ts';

/**
 * This package and the Node.js that runs it, wherever npm has put them: whoever writes there is the daemon at its next
 * start. Reading and running them is nobody's harm.
 */
const PROGRAM_FILES = [
  // src/daemon/policy and dist/daemon/policy lie equally deep in the package
  fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, ''),
  process.execPath,
].map(resolved);

/** This installation's own files (semantics, 4.6). */
export function protectedPaths(config: DaemonConfig): ProtectedPaths {
  return {
    written: [
      ...[config.file, config.stateDirectory, config.localDirectory, config.decideSocket, config.adminSocket],
      ...(config.source?.trustedFiles ?? []),
      ...logFiles(config.log),
      ...PROGRAM_FILES,
    ],
    read: secretFiles(config),
  };
}

/**
 * Beside a credential lies what `reeve init` writes before it counts, and what it replaced. Nothing wider: a credential
 * may lie in a directory of other things.
 */
function secretFiles({ file, source }: DaemonConfig): readonly string[] {
  if (source === null) return [];
  const credential = join(dirname(file), 'credential.json');
  const named = source.type === 'governance' ? source.credentialFile : credential;
  return [...new Set([named, credential])].flatMap((path) => [path, `${path}.before-*`, `${path}.*.new`]);
}

/** With those that were put aside. A device is everybody's. */
function logFiles({ file }: LogConfig): readonly string[] {
  return file === null || file.startsWith('/dev/') ? [] : [file, `${file}.*`];
}

/** An upgrade may have taken away what still runs. */
function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
