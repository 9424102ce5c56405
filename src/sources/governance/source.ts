import { readBaseUrl } from '../../http/outbound-url.ts';
import { DEFAULT_GOVERNANCE_INTERVAL_MS, MIN_INTERVAL_MS } from '../../schema/limits.ts';
import { createPolledSource, type SourceContext } from '../polled-source.ts';
import type { PolicySource, SourceWarning } from '../source.ts';
import { readCredentialFile } from './credential-file.ts';
import { credentialWarnings } from './credential-warnings.ts';
import { createSyncRun, type GovernanceConfig } from './sync-run.ts';

export interface GovernanceSourceOptions extends SourceContext {
  readonly config: GovernanceConfig;
}

/** Throws an `OutboundError` for a base URL that cannot be used; does no I/O. */
export function createGovernanceSource(options: GovernanceSourceOptions): PolicySource {
  const { config } = options;
  const baseUrl = readBaseUrl(config.baseUrl);
  let warnings: readonly SourceWarning[] = credentialWarnings(baseUrl, null);
  const readCredential = (): ReturnType<typeof readCredentialFile> => {
    const credential = readCredentialFile(config.credentialFile, config.credentialOwner);
    warnings = credentialWarnings(baseUrl, credential);
    return credential;
  };
  const run = createSyncRun({ ...options, readCredential });
  return createPolledSource(
    {
      type: 'governance',
      interval: {
        configuredMs: config.intervalMs,
        defaultMs: DEFAULT_GOVERNANCE_INTERVAL_MS,
        leastMs: MIN_INTERVAL_MS,
      },
      run: (cause, closing) => run.sync(cause, closing),
      warnings: () => warnings,
      details: () => ({}),
      close: () => run.close(),
    },
    options,
  );
}
