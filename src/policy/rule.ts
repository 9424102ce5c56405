import type { Domain } from './action.ts';
import type { Effect } from './decision.ts';
import { type ActionsReading, ALL_NETWORK, readActions } from './rule-actions.ts';
import { type RuleResource, readNetworkResource, readPathResource } from './rule-resource.ts';
import {
  headOf,
  isObject,
  type RuleAuthor,
  type RuleFields,
  type RuleHead,
  type RuleIssue,
  shapeFault,
} from './rule-shape.ts';

export interface ReadRule {
  readonly id: string;
  readonly name: string;
  readonly effect: Effect;
  readonly domain: Domain;
  /** Bits of `ACTION_BIT`. */
  readonly actions: number;
  readonly resources: readonly RuleResource[];
}

/**
 * `unparsable`: the rule as a whole cannot be evaluated (semantics, 5 "Rules that cannot be evaluated").
 * As a deny it closes the domains of its known actions (`closes`), with an unknown decision both; as an allow it is inert.
 */
export type RuleReading =
  | { readonly kind: 'rule'; readonly head: RuleHead; readonly rule: ReadRule; readonly issues: readonly RuleIssue[] }
  | { readonly kind: 'inert'; readonly head: RuleHead; readonly cause: string; readonly issues: readonly RuleIssue[] }
  | {
      readonly kind: 'unparsable';
      readonly head: RuleHead;
      readonly closes: readonly Domain[];
      readonly cause: string;
      readonly issues: readonly RuleIssue[];
    };

const BOTH_DOMAINS: readonly Domain[] = ['network', 'filesystem'];

/** Reads one raw rule. Total: every JSON value gives a reading, and nothing in a rule makes another one fall. */
export function readRule(raw: unknown, author: RuleAuthor, position: number): RuleReading {
  const fields = isObject(raw) ? raw : {};
  const head = headOf(fields, position);
  const fault = isObject(raw) ? shapeFault(fields) : 'a rule is an object';
  const actions = readActions(fields, author, head);
  const bad = fault ?? actions.fault;
  if (bad !== null) return unparsable(head, fields, actions.domains, [{ refused: true, message: bad }]);
  if (actions.http) return readHttpRule(head, fields, actions);
  return readPlainRule(head, fields, { author, domain: actions.domain, bits: actions.bits });
}

function readPlainRule(
  head: RuleHead,
  fields: RuleFields,
  known: { author: RuleAuthor; domain: Domain; bits: number },
): RuleReading {
  const effect = fields['decision'] as Effect;
  const issues: RuleIssue[] = [];
  const resources: RuleResource[] = [];
  let broken = false;
  for (const text of head.resources) {
    const reading =
      known.domain === 'network' ? readNetworkResource(text) : readPathResource(text, effect, known.author);
    for (const issue of reading.issues) issues.push(issue);
    if (reading.resource === null) broken = true;
    else resources.push(reading.resource);
  }
  if (broken) return unparsable(head, fields, [known.domain], issues);
  const rule = { id: head.id, name: head.name, effect, domain: known.domain, actions: known.bits, resources };
  return { kind: 'rule', head, rule, issues };
}

/** HTTP rules until they are supported: a deny closes its destinations on both actions, an allow grants nothing. */
function readHttpRule(head: RuleHead, fields: RuleFields, actions: ActionsReading): RuleReading {
  const issues: RuleIssue[] = [
    {
      refused: true,
      message: 'HTTP rules (`request:…`) are not supported yet: write `connect:tcp` with a `host:port`',
    },
  ];
  const resources: RuleResource[] = [];
  for (const text of head.resources) {
    const reading = readNetworkResource(text);
    const pattern = reading.resource?.kind === 'network' ? reading.resource.pattern : null;
    if (pattern === null || pattern.kind === 'prefix' || pattern.kind === 'any') {
      const message = 'the destination of an HTTP rule is `host` or `host:port`';
      return unparsable(head, fields, actions.domains, [{ refused: true, resource: text, message }, ...issues]);
    }
    resources.push({ kind: 'network', text, pattern });
  }
  if (resources.length === 0) return unparsable(head, fields, actions.domains, issues);
  if (fields['decision'] === 'allow') {
    return { kind: 'inert', head, cause: 'HTTP rules are not supported yet; an HTTP allow grants nothing', issues };
  }
  const rule = { id: head.id, name: head.name, effect: 'deny', domain: 'network', actions: ALL_NETWORK } as const;
  return { kind: 'rule', head, rule: { ...rule, resources }, issues };
}

function unparsable(
  head: RuleHead,
  fields: RuleFields,
  domains: readonly Domain[],
  issues: readonly RuleIssue[],
): RuleReading {
  const decision = fields['decision'];
  // An unknown decision may be a deny this version does not know: it closes everything it could mean.
  const closes = decision === 'allow' ? [] : decision === 'deny' ? domains : BOTH_DOMAINS;
  const cause = issues.find((issue) => issue.refused)?.message ?? 'the rule cannot be evaluated';
  return { kind: 'unparsable', head, closes, cause, issues };
}
