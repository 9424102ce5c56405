import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { messageOf } from '../base/coded-error.ts';
import type { DaemonConfig } from '../daemon/daemon-config.ts';
import { hasSystemInstall, homeOf, ownSocketLayout } from '../socket/find-socket.ts';
import { CliError } from './cli-error.ts';
import { type CommandInput, type OptionSpec, textOption } from './command.ts';

export const CONFIG_OPTION: OptionSpec = {
  flags: '--config <file>',
  description:
    'configuration file of the daemon (default: /etc/reeve/reeve.yaml, without a system install ~/.config/reeve/reeve.yaml)',
};

/** The configuration that the daemon of this machine has or would have; null = none is named, and there is none. */
export async function daemonConfiguration(cwd: string, input: CommandInput): Promise<DaemonConfig | null> {
  const named = textOption(input, 'config');
  const file = named === undefined ? defaultFile() : resolve(cwd, named);
  if (file === null) return null;
  const { loadConfig, ownInstallation } = await import('../daemon/load-config.ts');
  try {
    return loadConfig(file, ownInstallation());
  } catch (error) {
    throw new CliError('failed', messageOf(error), 'name another configuration with `--config FILE`');
  }
}

function defaultFile(): string | null {
  const home = homeOf(process.geteuid?.() ?? -1);
  const system = hasSystemInstall(ownSocketLayout());
  if (!system && home === null) return null;
  const file = system ? '/etc/reeve/reeve.yaml' : join(home ?? '/', '.config/reeve/reeve.yaml');
  return existsSync(file) ? file : null;
}
