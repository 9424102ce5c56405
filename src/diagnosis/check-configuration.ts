import { accessSync, constants } from 'node:fs';
import { codeOf, messageOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import { ConfigError } from '../daemon/config/config-error.ts';
import type { DaemonConfig } from '../daemon/config/daemon-config.ts';
import { type Installation, loadConfig } from '../daemon/config/load-config.ts';
import type { FindingCode } from './catalogue.ts';
import { examined, found, skipped, type Verdict } from './finding.ts';
import { look } from './look.ts';
import type { DoctorOptions } from './subject.ts';

export interface ConfigurationReading {
  readonly verdict: Verdict;
  readonly config: DaemonConfig | null;
}

const CODES: Readonly<Record<string, FindingCode>> = {
  config_untrusted: 'config_untrusted',
  config_invalid: 'config_invalid',
};

/** Reads the file as the daemon would: who may write it, what it says, and what it names. */
export function checkConfiguration({ configFile, installation }: DoctorOptions): ConfigurationReading {
  if (configFile === null) {
    return {
      verdict: examined('', [found('no_configuration', 'this machine has no configuration of reeve')]),
      config: null,
    };
  }
  if (isClosed(configFile)) {
    return { verdict: skipped(`${shown(configFile)} may be read by others only: use sudo`), config: null };
  }
  try {
    const config = servedAs(loadConfig(configFile, installation), configFile, installation);
    const source = config.source === null ? 'no source' : `source ${config.source.type} of ${config.source.org}`;
    return { verdict: examined(`${configFile}: ${source}, preset ${config.preset.name}`), config };
  } catch (error) {
    const cause = error instanceof ConfigError ? error.code : 'unreadable';
    // what it names may be for the daemon's eyes only, and is in order for all that this user knows
    if (/\(EACCES\)$/.test(messageOf(error)))
      return { verdict: skipped(`${messageOf(error)}: use sudo`), config: null };
    const finding = found(CODES[cause] ?? 'config_refused', messageOf(error), { cause });
    return { verdict: examined('', [finding]), config: null };
  }
}

/** Whose socket belongs to somebody else asks about that one's daemon, which serves the whole machine. */
function servedAs(config: DaemonConfig, file: string, installation: Installation): DaemonConfig {
  const socket = look(config.decideSocket);
  if (config.service === 'system' || socket === null || socket.uid === installation.uid) return config;
  return loadConfig(file, { ...installation, service: 'system' });
}

function isClosed(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return false;
  } catch (error) {
    return codeOf(error) === 'EACCES';
  }
}
