import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DaemonConfig } from '../../src/daemon/config/daemon-config.ts';
import { type Installation, loadConfig } from '../../src/daemon/config/load-config.ts';

const NOWHERE = '/nonexistent/reeve-test';

/** Directories that no test makes: nothing of this machine decides what a configuration becomes. */
export function installation(more: Partial<Installation> = {}): Installation {
  const uid = process.geteuid?.() ?? 0;
  const layout = {
    uid,
    systemDirectory: `${NOWHERE}/run`,
    systemConfigDirectory: `${NOWHERE}/etc`,
    userRuntimeDirectory: null,
    userStateDirectory: `${NOWHERE}/state/run`,
  };
  return { uid, home: '/srv/home', layout, ...more };
}

/** What the daemon makes of a configuration file with this content. */
export function configOf(content: unknown, at: Installation = installation()): DaemonConfig {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-config-'));
  try {
    const file = join(directory, 'reeve.yaml');
    writeFileSync(
      file,
      content instanceof Uint8Array || typeof content === 'string' ? content : JSON.stringify(content),
      {
        mode: 0o600,
      },
    );
    return loadConfig(file, at);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
