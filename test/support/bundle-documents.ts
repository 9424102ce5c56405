/** Bundle documents for tests: whole and valid, with changes. */
type Members = Readonly<Record<string, unknown>>;

/** A governance policy of `acme` around raw rules. */
export function bundlePolicy(rules: readonly unknown[], members: Members = {}): Members {
  return {
    id: 'egress',
    name: 'egress',
    org: 'acme',
    updated_at: '2026-05-30T09:00:00Z',
    ...members,
    allowlist_v0: { rules },
  };
}

/** A bundle that says as little as it may; members that are `undefined` are left out. */
export function bundleDocument(members: Members = {}): Members {
  return {
    schema: 'reeve.bundle/1',
    org: 'acme',
    revision: '7',
    issued_at: '2026-06-01T12:00:00Z',
    expires_at: '2026-07-01T12:00:00Z',
    policies: [],
    governed: ['network'],
    ...members,
  };
}

export function bundleText(members: Members = {}): string {
  return JSON.stringify(bundleDocument(members));
}

export function bundleBytes(members: Members = {}): Buffer {
  return Buffer.from(bundleText(members));
}
