import { dirname, join } from 'node:path';
import type { ProtectedPaths } from '../../policy/builtin-rules.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';

/** This installation's own files (semantics, 4.6). */
export function protectedPaths(config: DaemonConfig): ProtectedPaths {
  return {
    written: [
      ...[config.file, config.stateDirectory, config.localDirectory, config.decideSocket, config.adminSocket],
      ...(config.source?.trustedFiles ?? []),
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
