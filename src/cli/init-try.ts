import { messageOf } from '../base/coded-error.ts';
import type { DaemonConfig } from '../daemon/config/daemon-config.ts';
import type { RehearsalOptions } from '../diagnosis/rehearse.ts';
import { CliError } from './cli-error.ts';
import { installationOf } from './daemon-configuration.ts';
import type { StagedFile } from './init-files.ts';
import type { Output } from './output.ts';

/** How a first sync with the new configuration went. */
export type Tried =
  | { readonly kind: 'fetched'; readonly revision: string; readonly governed: readonly string[] }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly mend: string };

/** Reads the staged configuration with the daemon's own reader, and lets it fetch once. Null = nothing is to be fetched. */
export async function tryConfiguration(
  files: readonly StagedFile[],
  file: string,
  { fetching, beforeEnd }: Pick<RehearsalOptions, 'fetching' | 'beforeEnd'>,
): Promise<Tried | null> {
  const config = await stagedConfiguration(files, file);
  if (!fetching || config.source === null) return null;
  const [{ rehearse }, { sourceMend }] = await Promise.all([
    import('../diagnosis/rehearse.ts'),
    import('../diagnosis/source-mends.ts'),
  ]);
  const rehearsal = await rehearse(config, { fetching, now: Date.now, beforeEnd });
  const trouble = rehearsal.kind === 'refused' ? rehearsal : rehearsal.sync?.kind === 'failed' ? rehearsal.sync : null;
  if (trouble !== null) {
    const mend = sourceMend(trouble.code) ?? 'do what the message says, then `reeve doctor`';
    return { kind: 'failed', code: trouble.code, message: trouble.message, mend };
  }
  const served = rehearsal.kind === 'ran' ? rehearsal.served : null;
  const governed = Object.entries(served?.domains ?? {}).flatMap(([name, domain]) => (domain.governed ? [name] : []));
  return { kind: 'fetched', revision: served?.revision ?? 'none', governed };
}

/** What it names is in place already; it itself is not. */
async function stagedConfiguration(files: readonly StagedFile[], file: string): Promise<DaemonConfig> {
  const { loadConfig } = await import('../daemon/config/load-config.ts');
  const staged = files.find(({ path }) => path === file);
  if (staged === undefined) throw new CliError('failed', 'there is no configuration to read');
  try {
    return loadConfig(staged.staged, await installationOf(file));
  } catch (error) {
    throw new CliError('failed', `the daemon would not start with this: ${messageOf(error)}`, 'nothing was written');
  }
}

export function triedLines(output: Output, tried: Tried | null): readonly string[] {
  if (tried === null) return [];
  if (tried.kind === 'failed') {
    return [
      `${output.paint('the policy does not arrive yet:', 'yellow')} ${tried.message} (${tried.code})`,
      `  ${output.paint('mend:', 'dim')} ${tried.mend}`,
    ];
  }
  const governed = tried.governed.length === 0 ? 'no domain' : tried.governed.join(' and ');
  return [`${output.paint('the policy arrives:', 'green')} revision ${tried.revision}, which governs ${governed}`];
}
