import {
  type BundleOptions,
  bundleChange,
  HOUR,
  newKeys,
  newSite,
  ORG,
  rootDocument,
  signedRoot,
  TARGET,
} from '../publisher/organisation.ts';
import type { Scope } from '../support/scope.ts';
import { startNginx } from './nginx.ts';

/** An organisation that publishes with reeve's own publisher, and nginx in front of what it has published. */
export interface FleetSite {
  readonly org: string;
  readonly target: string;
  readonly pinnedRoot: Buffer;
  readonly port: number;
  /** Lines of nginx's log since the last call: status and path. */
  readonly asked: () => readonly string[];
  /** A new revision; resolves once machines are led to it. */
  publish(revision: number): Promise<void>;
  /** Freshness only. */
  sign(): Promise<void>;
}

/** A bundle of 1,500 names: 8 kB gzipped. */
export async function fleetSite(t: Scope): Promise<FleetSite> {
  const keys = newKeys();
  const now = Date.now();
  const site = newSite(t, keys);
  const root = signedRoot({ ...rootDocument(keys), expires: now + 300 * 24 * HOUR }, keys.root.slice(0, 2));
  const bundle = (revision: number): BundleOptions => ({
    revision,
    issuedAt: Date.now() - HOUR,
    expiresAt: Date.now() + 30 * 24 * HOUR,
    hosts: hostsOf(revision),
  });
  const publish = async (revision: number, first = false): Promise<void> => {
    const change = bundleChange(bundle(revision), { now: Date.now() });
    await site.publish({ now: Date.now(), change, ...(first ? { root } : {}) });
  };
  await publish(1, true);
  const nginx = await startNginx(t, site.repository);
  return {
    org: ORG,
    target: TARGET,
    pinnedRoot: root,
    port: nginx.port,
    asked: nginx.asked,
    publish: (revision) => publish(revision),
    async sign() {
      await site.publish({ now: Date.now() });
    },
  };
}

/** Names that compress as badly as real ones do. */
function hostsOf(revision: number): readonly string[] {
  const hosts: string[] = [`revision-${revision}.example.com`];
  let state = 12_345;
  while (hosts.length < 1_500) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    hosts.push(`${state.toString(36)}.${['corp', 'cloud', 'build'][state % 3] ?? 'corp'}.example.com`);
  }
  return hosts;
}
