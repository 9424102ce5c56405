import { bundleDocument, type JsonObject, ORG, TufRepository } from '../support/tuf-repository.ts';

/** A bundle with these rules. */
export function documentOf(revision: number, rules: readonly object[], now: number, more: JsonObject = {}): JsonObject {
  const policy = {
    id: 'pol',
    name: 'policy',
    org: ORG,
    created_at: '2026-05-01T00:00:00Z',
    updated_at: '2026-05-01T00:00:00Z',
    scope: {},
    allowlist_v0: { domain: 'network', rules: rules as readonly JsonObject[] },
  };
  return bundleDocument(revision, now, { policies: [policy], ...more });
}

/** Another one with the same keys and the same past. */
export function copyOf(repository: TufRepository): TufRepository {
  const copy = new TufRepository(repository.now);
  Object.assign(copy.keys, repository.keys);
  Object.assign(copy.versions, repository.versions);
  copy.revision = repository.revision;
  for (const [path, bytes] of repository.files) copy.files.set(path, bytes);
  for (const [path, bytes] of repository.targets) copy.targets.set(path, bytes);
  return copy;
}
