import type { Credential } from '../../schema/governance.ts';
import type { SourceWarning } from '../source.ts';

const NO_ROLLBACK_PROTECTION: SourceWarning = {
  code: 'no_rollback_protection',
  message: 'no rollback protection: a governance server can serve an older policy unnoticed',
};
const ACCESS_TOKEN_PREFIX = /^dckr_[a-z]+_/;
const OUR_ADMIN_PREFIX = 'reeve_admin_';

/** What is worth knowing about this way to get a policy (delivery, Sources 1); a guess by form, never a probe. */
export function credentialWarnings(baseUrl: URL, credential: Credential | null): readonly SourceWarning[] {
  const warnings = [NO_ROLLBACK_PROTECTION];
  if (credential === null) return warnings;
  const docker = baseUrl.hostname === 'docker.com' || baseUrl.hostname.endsWith('.docker.com');
  if (docker || credential.secret.startsWith(OUR_ADMIN_PREFIX)) {
    const message = 'the credential can probably also change policies: give this machine a read-only one';
    warnings.push({ code: 'credential_can_write', message });
  }
  if (docker && !ACCESS_TOKEN_PREFIX.test(credential.secret)) {
    const message = 'the credential looks like a password: use an access token instead';
    warnings.push({ code: 'password_credential', message });
  }
  return warnings;
}
