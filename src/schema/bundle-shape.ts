import { z } from 'zod';
import { DOMAINS } from '../policy/action.ts';
import { ALLOW_CODES, DENY_CODES } from '../policy/decision.ts';
import { instant } from '../policy/policy-document.ts';
import { isoDurationMs } from './iso-duration.ts';
import {
  MAX_BUNDLE_TESTS,
  MAX_ID_CHARACTERS,
  MAX_NAME_CHARACTERS,
  MAX_POLICIES,
  MAX_REQUIRED_FEATURES,
  MAX_RULES_PER_POLICY,
  MAX_SUPPORT_MESSAGE_CHARACTERS,
  MAX_TEXT_CHARACTERS,
} from './limits.ts';

export const BUNDLE_SCHEMA = 'reeve.bundle/1';

const name = z.string().min(1).max(MAX_NAME_CHARACTERS);
const text = z.string().max(MAX_TEXT_CHARACTERS);
const domain = z.enum(DOMAINS);
const moment = z
  .string()
  .refine((value) => Number.isFinite(instant(value)), 'must be an RFC 3339 time such as `2026-06-01T12:00:00Z`')
  .meta({ format: 'date-time' });
const duration = z
  .string()
  .refine((value) => isoDurationMs(value) !== null, 'must be an ISO 8601 duration of days or less, such as `P1D`')
  .meta({ format: 'duration' });

const MIN_POLL_MS = 1_000;
const MAX_POLL_MS = 3_600_000;

const pollInterval = duration.refine((value) => {
  const ms = isoDurationMs(value) ?? 0;
  return ms >= MIN_POLL_MS && ms <= MAX_POLL_MS;
}, 'must lie within `PT1S` and `PT1H`');

const revision = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,15})$/, 'must be a decimal number as a string, without leading zeros')
  .refine((value) => Number(value) <= Number.MAX_SAFE_INTEGER, 'must be at most 2^53-1');

/** Of Semantic Versioning 2.0.0, without build metadata. */
const semanticVersion = z
  .string()
  .max(MAX_ID_CHARACTERS)
  .regex(
    /^(?:0|[1-9]\d{0,8})(?:\.(?:0|[1-9]\d{0,8})){2}(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/,
    'must be a version such as `1.2.0`',
  );

const staleness = z
  .strictObject({
    warn_after: duration.describe('from this age on `status` warns'),
    restrict_after: duration.describe('from this age on delegation and monitor mode are off'),
    block_after: duration.describe('from this age on the governed domains deny, `policy_stale`'),
  })
  .refine(({ warn_after: warn, restrict_after: restrict, block_after: block }) => {
    const [first, second, third] = [warn, restrict, block].map((value) => isoDurationMs(value) ?? 0);
    return (first ?? 0) < (second ?? 0) && (second ?? 0) < (third ?? 0);
  }, 'must grow: `warn_after` < `restrict_after` < `block_after`');

const expectation = z.union([
  z.enum(['allow', 'deny']),
  z.strictObject({
    decision: z.enum(['allow', 'deny']),
    code: z.enum([...ALLOW_CODES, ...DENY_CODES]).optional(),
  }),
]);

const bundleTest = z.strictObject({
  name: name.optional().describe('for people: it stands in the message of a failure'),
  request: z.looseObject({}).describe('a native request'),
  expect: expectation.describe('`allow`, `deny`, or `{decision, code}`'),
});

const change = z.strictObject({
  by: name.exactOptional().describe('who'),
  at: moment.exactOptional().describe('when'),
  reason: text.exactOptional().describe('why'),
  ticket: name.exactOptional().describe('where it was agreed'),
});

/** Everything but the policies and the shadow, which have readers of their own. */
const members = {
  schema: z.literal(BUNDLE_SCHEMA).describe('the version of this format'),
  org: name.describe('the organisation; a machine of another one refuses the bundle'),
  revision: revision.describe('a decimal number that only grows'),
  issued_at: moment.describe('when it was made'),
  expires_at: moment.describe('when it ends: from then on its governed domains deny, `policy_expired`'),
  governed: z
    .array(domain)
    .max(DOMAINS.length)
    .refine((domains) => new Set(domains).size === domains.length, 'names a domain twice')
    .describe('the domains that the organisation decides; `[]` is an answer'),
  delegated: z
    .strictObject({ network: z.boolean().optional(), filesystem: z.boolean().optional() })
    .optional()
    .describe('governed domains in which narrow local allows count'),
  mode: z
    .strictObject({
      network: z.enum(['enforce', 'monitor']).optional(),
      filesystem: z.enum(['enforce', 'monitor']).optional(),
    })
    .optional()
    .describe('`monitor`: what only the organisation would deny is let through with `would_deny`'),
  staleness: staleness.optional().describe('how old the policy may become; absent: P1D, P7D, P30D'),
  poll_interval: pollInterval.optional().describe('time between two polls; under PT30S towards loopback only'),
  support_message: z
    .string()
    .refine((value) => Array.from(value).length <= MAX_SUPPORT_MESSAGE_CHARACTERS, {
      error: `must have at most ${MAX_SUPPORT_MESSAGE_CHARACTERS} characters`,
    })
    .meta({ maxLength: MAX_SUPPORT_MESSAGE_CHARACTERS })
    .optional()
    .describe('shown with every denial that the organisation caused'),
  requires: z
    .array(z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/, 'must be the name of a feature'))
    .max(MAX_REQUIRED_FEATURES)
    .optional()
    .describe('features that a daemon must have; one that it does not know refuses the bundle'),
  min_version: semanticVersion.optional().describe('the oldest reeve that may take it'),
  tests: z.array(bundleTest).max(MAX_BUNDLE_TESTS).optional().describe('run before activation; one failure refuses it'),
  change: change.optional().describe('who made this revision, when and why'),
};

/** What the reader looks at first; each policy is read by the reader of the governance API's policies. */
export const bundleEnvelope = z
  .strictObject({
    ...members,
    policies: z.array(z.unknown()).max(MAX_POLICIES),
    shadow: z.unknown().optional(),
  })
  .refine(({ issued_at: issued, expires_at: expires }) => (instant(issued) ?? 0) < (instant(expires) ?? 0), {
    error: 'must come after `issued_at`',
    path: ['expires_at'],
  });

export type WrittenBundle = z.infer<typeof bundleEnvelope>;

const rule = z.strictObject({
  id: z.string().optional(),
  name: z.string().optional(),
  decision: z.enum(['allow', 'deny']).describe('deny always wins'),
  actions: z.array(z.string()).describe('`connect:tcp`, `connect:udp`, or `read`, `write`'),
  resources: z.array(z.string()).optional(),
  http_resources: z.unknown().optional(),
});

const anything = z.unknown().optional();

/** A policy as an editor should help to write it; what the daemon accepts is judged by the policy core. */
export const bundlePolicySchema = z.strictObject({
  id: z.string().max(MAX_ID_CHARACTERS),
  name: z.string().max(MAX_NAME_CHARACTERS),
  org: name,
  type: text.optional(),
  created_at: moment.optional(),
  updated_at: moment,
  scope: z
    .strictObject({ teams: z.array(z.string()).optional() })
    .optional()
    .describe('absent: for everybody'),
  allowlist_v0: z
    .strictObject({ domain: domain.optional(), rules: z.array(rule).max(MAX_RULES_PER_POLICY) })
    .optional(),
  cedar_v1: anything,
  description: text.optional(),
  enabled: z.boolean().optional(),
  tags: anything,
  metadata: anything,
  status: z
    .enum(['active', 'approved', 'draft', 'in_review', 'pending_review', 'rejected', 'archived'])
    .optional()
    .describe('takes part: absent, `active`, `approved`'),
  version: anything,
  change_reason: text.optional(),
  created_by: text.optional(),
  updated_by: text.optional(),
  valid_from: moment.optional(),
  valid_until: moment.optional(),
  approval_required: anything,
  require_approval: anything,
});

/** The published form of a bundle. */
export const bundleSchema = z
  .strictObject({
    ...members,
    policies: z.array(bundlePolicySchema).max(MAX_POLICIES).describe('`[]` is an answer: no policy'),
    shadow: z.looseObject({}).optional().describe('a whole bundle to evaluate beside this one'),
  })
  .describe('reeve: a bundle');
