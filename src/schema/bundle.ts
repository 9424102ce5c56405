import { DOMAINS } from '../policy/action.ts';
import type { BundleTerms, StalenessLimits } from '../policy/bundle-terms.ts';
import type { DecisionCode, Effect } from '../policy/decision.ts';
import { instant } from '../policy/policy-document.ts';
import type { PerDomain } from '../policy/policy-set.ts';
import { type Request, readRequest } from '../policy/request.ts';
import { bundleEnvelope, type WrittenBundle } from './bundle-shape.ts';
import { type GovernancePolicy, readGovernancePolicy } from './governance.ts';
import { isoDurationMs } from './iso-duration.ts';
import { MAX_BUNDLE_CHARACTERS, MAX_BUNDLE_DEPTH } from './limits.ts';
import { readShape } from './read-shape.ts';
import { memberText, shapeFault } from './shape-message.ts';
import { parseStrictJson, parseStrictJsonText } from './strict-json.ts';

/** A question that a bundle wants answered in a certain way before it is activated. */
export interface BundleTest {
  readonly name: string | null;
  readonly request: Request;
  readonly expect: { readonly decision: Effect; readonly code: DecisionCode | null };
}

/** A bundle document whose every member this version knows (delivery, "The bundle"). */
export interface Bundle {
  readonly org: string;
  readonly revision: string;
  readonly terms: BundleTerms;
  readonly policies: readonly GovernancePolicy[];
  readonly tests: readonly BundleTest[];
}

export type BundleReading =
  | { readonly kind: 'bundle'; readonly bundle: Bundle }
  /** The message names the member and never what stands there. */
  | { readonly kind: 'invalid'; readonly code: 'invalid_bundle' | 'unknown_member'; readonly message: string };

type Invalid = Extract<BundleReading, { kind: 'invalid' }>;

/** Reads a bundle document, its bytes or its text. Total. */
export function readBundle(document: Uint8Array | string): BundleReading {
  // of bytes there are never fewer than characters
  if (document.length > MAX_BUNDLE_CHARACTERS) return invalid(`the bundle is larger than ${MAX_BUNDLE_CHARACTERS}`);
  const limits = { maxDepth: MAX_BUNDLE_DEPTH };
  const json = typeof document === 'string' ? parseStrictJsonText(document, limits) : parseStrictJson(document, limits);
  if (json.kind === 'error') return invalid(`the bundle is no strict JSON: ${json.message}`);
  const fraction = fractionIn(json.value);
  if (fraction !== null) {
    return invalid(`\`${memberText(fraction)}\` is a number with a fraction, or beyond 2^53-1: write it as a string`);
  }
  return readDocument(json.value);
}

function readDocument(value: unknown): BundleReading {
  const parsed = readShape(bundleEnvelope, value);
  if (parsed.kind === 'invalid') {
    const { unknown, message } = shapeFault(parsed.issues, value);
    return unknown ? unknownMember(message) : invalid(`the bundle ${message}`);
  }
  const written = parsed.value;
  const policies = readPolicies(written.policies);
  if (!Array.isArray(policies)) return policies;
  const tests = readTests(written.tests ?? []);
  if (!Array.isArray(tests)) return tests;
  const shadow = shadowFault(written.shadow);
  if (shadow !== null) return shadow;
  const { org, revision } = written;
  return { kind: 'bundle', bundle: { org, revision, terms: termsOf(written), policies, tests } };
}

/** By the reader of the governance API's policies, without anything that may be ignored. */
function readPolicies(raw: readonly unknown[]): GovernancePolicy[] | Invalid {
  const policies: GovernancePolicy[] = [];
  const ids = new Set<string>();
  for (const [position, value] of raw.entries()) {
    const place = `policies.${position}`;
    const reading = readGovernancePolicy(value, []);
    if (reading.kind === 'unknown_member') {
      const member = [place, reading.where, reading.member].filter((part) => part !== '').join('.');
      return unknownMember(`unknown member \`${member}\``);
    }
    if (reading.kind === 'invalid') return invalid(`\`${place}\`: ${reading.message}`);
    const { id } = reading.value;
    if (ids.has(id)) return invalid(`\`${place}.id\` is the id of a policy before it`);
    ids.add(id);
    policies.push(reading.value);
  }
  return policies;
}

function readTests(written: NonNullable<WrittenBundle['tests']>): BundleTest[] | Invalid {
  const tests: BundleTest[] = [];
  for (const [position, { name = null, request, expect }] of written.entries()) {
    const reading = readRequest(request);
    if (reading.kind === 'not_a_request') return invalid(`\`tests.${position}.request\`: ${reading.message}`);
    const expected = typeof expect === 'string' ? { decision: expect } : expect;
    tests.push({
      name,
      request: reading.request,
      expect: { decision: expected.decision, code: expected.code ?? null },
    });
  }
  return tests;
}

/** A shadow is a whole document of its own, and carries none itself. */
function shadowFault(shadow: unknown): Invalid | null {
  if (shadow === undefined) return null;
  const reading = readDocument(shadow);
  if (reading.kind === 'invalid') return { ...reading, message: `\`shadow\`: ${reading.message}` };
  return reading.bundle.terms.shadow ? invalid('`shadow.shadow`: a shadow carries no other one') : null;
}

function termsOf(written: WrittenBundle): BundleTerms {
  const { staleness, change } = written;
  return {
    issuedAt: instant(written.issued_at) ?? 0,
    expiresAt: instant(written.expires_at) ?? 0,
    governed: DOMAINS.filter((domain) => written.governed.includes(domain)),
    delegated: flagsOf(written.delegated ?? {}, (value) => value),
    monitored: flagsOf(written.mode ?? {}, (mode) => mode === 'monitor'),
    staleness: staleness === undefined ? null : limitsOf(staleness),
    pollIntervalMs: written.poll_interval === undefined ? null : isoDurationMs(written.poll_interval),
    supportMessage: written.support_message ?? null,
    change: change ?? null,
    requires: written.requires ?? [],
    minVersion: written.min_version ?? null,
    shadow: written.shadow !== undefined,
  };
}

function flagsOf<T>(
  written: Readonly<Record<string, T | undefined>>,
  flag: (value: T) => boolean,
): Partial<PerDomain<boolean>> {
  return Object.fromEntries(
    DOMAINS.flatMap((domain) => {
      const value = written[domain];
      return value === undefined ? [] : [[domain, flag(value)]];
    }),
  );
}

function limitsOf(written: NonNullable<WrittenBundle['staleness']>): StalenessLimits {
  return {
    warnAfterMs: isoDurationMs(written.warn_after) ?? 0,
    restrictAfterMs: isoDurationMs(written.restrict_after) ?? 0,
    blockAfterMs: isoDurationMs(written.block_after) ?? 0,
  };
}

/** Where the first number stands that two readers could read as two (delivery, "The bundle"); null = nowhere. */
function fractionIn(value: unknown): PropertyKey[] | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? null : [];
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const found = fractionIn(value[index]);
      if (found !== null) return [index, ...found];
    }
    return null;
  }
  for (const key of Object.keys(value)) {
    const found = fractionIn((value as Readonly<Record<string, unknown>>)[key]);
    if (found !== null) return [key, ...found];
  }
  return null;
}

function invalid(message: string): Invalid {
  return { kind: 'invalid', code: 'invalid_bundle', message };
}

function unknownMember(message: string): Invalid {
  return {
    kind: 'invalid',
    code: 'unknown_member',
    message: `${message}: it may be a restriction that this version does not know; install a newer reeve`,
  };
}
