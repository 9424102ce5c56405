import { shown } from '../base/shown.ts';
import { DOMAINS } from '../policy/action.ts';
import { builtinRules } from '../policy/builtin-rules.ts';
import { compile } from '../policy/compile.ts';
import { decide } from '../policy/decide.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import { type Request, withReal } from '../policy/request.ts';
import type { Bundle, BundleTest } from '../schema/bundle.ts';
import { BUNDLE_TESTS_DEADLINE_MS } from '../schema/limits.ts';

/** Nobody in particular: a bundle's tests come out alike for every user. */
const NOBODY = { uid: null };

/**
 * Runs the tests that a bundle carries (delivery, "The bundle"): against its policies alone, in enforce mode
 * (semantics, 5), at the time it was issued, so that the same bundle passes on every machine, today and after a restart.
 * Returns what is wrong with the first that fails; null = none does.
 */
export function failingTest(bundle: Bundle): string | null {
  if (bundle.tests.length === 0) return null;
  const snapshot = { policy: compile(alone(bundle), { unlisted: true }), generation: 0, ttlMs: 0 };
  const deadline = performance.now() + BUNDLE_TESTS_DEADLINE_MS;
  for (const [position, test] of bundle.tests.entries()) {
    const { decision, code } = decide(snapshot, settled(test.request), NOBODY);
    const { expect } = test;
    if (decision !== expect.decision || (expect.code !== null && code !== expect.code)) {
      const wanted = `\`${expect.decision}\`${expect.code === null ? '' : ` (${expect.code})`}`;
      return `${nameOf(test, position)} expects ${wanted} and gets \`${decision}\` (${code})`;
    }
    if (performance.now() > deadline) return `the tests take longer than ${BUNDLE_TESTS_DEADLINE_MS / 1_000} s`;
  }
  return null;
}

/** Neither local files nor a preset, and of the machine only what is the same on all of them. */
function alone({ revision, policies, terms }: Bundle): PolicySet {
  const { issuedAt, governed, delegated } = terms;
  return {
    revision,
    now: issuedAt,
    verifiedNow: issuedAt,
    policies,
    teams: null,
    governs: Object.fromEntries(DOMAINS.map((domain) => [domain, governed.includes(domain)])),
    wasGoverned: [],
    delegated,
    monitored: {},
    closed: {},
    staleness: 'fresh',
    expiresAt: null,
    local: [],
    // what the preset `locked-down` says: nothing
    preset: null,
    builtin: BUILTIN,
    host: {
      platform: 'linux',
      homes: new Map(),
      links: new Map(),
      foldingMounts: [],
      metadataAddresses: [],
      nat64Prefixes: [],
    },
    supportMessage: null,
    change: null,
  };
}

/** Those of a system installation. */
const BUILTIN = builtinRules({ written: [], read: [] });

/** No disk is looked at: a path counts as resolved. */
function settled(request: Request): Request {
  if (request.kind !== 'filesystem' || request.real.kind !== 'pending') return request;
  return withReal(request, { kind: 'real', real: request.lexical });
}

function nameOf({ name }: BundleTest, position: number): string {
  return name === null ? `\`tests.${position}\`` : `${shown(name)} (\`tests.${position}\`)`;
}
