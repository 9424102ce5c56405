import { printable, quoted } from '../../http/problem.ts';
import { isAction } from '../../policy/action.ts';
import { checkRule } from '../../policy/rule-check.ts';
import { MAX_POLICY_BYTES } from '../limits.ts';
import { done, type Failure, failure, invalid, type Outcome } from '../outcome.ts';
import { domainOfRule, type Rule, type RuleContent } from '../policy.ts';
import { type Members, readMembers } from './members.ts';
import { readName, readStrings } from './text.ts';

const RULE_MEMBERS = ['name', 'decision', 'actions', 'resources'] as const;
/** Faults told in one message; the others are counted. Each message quotes the resource that it is about. */
const MAX_NAMED_ISSUES = 5;

/** `CreateRuleRequest`. */
export function readNewRule(body: unknown): Outcome<RuleContent> {
  const unsupported = httpRuleFailure(body);
  if (unsupported !== null) return unsupported;
  const members = readMembers(body, { required: RULE_MEMBERS, optional: [], subject: 'the body' });
  return members.kind === 'failure' ? members : contentOf(members.value);
}

/** `UpdateRuleRequest`: the members that are present replace those of `old`; the result is judged as a whole. */
export function readRuleChange(body: unknown, old: Rule): Outcome<RuleContent> {
  const unsupported = httpRuleFailure(body);
  if (unsupported !== null) return unsupported;
  const members = readMembers(body, { required: [], optional: RULE_MEMBERS, subject: 'the body' });
  if (members.kind === 'failure') return members;
  if (Object.keys(members.value).length === 0) {
    return invalid('at least one of `name`, `decision`, `actions` and `resources` must be present');
  }
  const { name, decision, actions, resources } = old;
  return contentOf({ name, decision, actions, resources, ...members.value }, old);
}

function contentOf(members: Members, old?: Rule): Outcome<RuleContent> {
  const name = readName(members['name']);
  if (name.kind === 'failure') return name;
  const { decision } = members;
  if (decision !== 'allow' && decision !== 'deny') return invalid('`decision` must be `allow` or `deny`');
  const actions = readActions(members['actions']);
  if (actions.kind === 'failure') return actions;
  const resources = readStrings(members['resources'], 'resources');
  if (resources.kind === 'failure') return resources;
  const content: RuleContent = { name: name.value, decision, actions: actions.value, resources: resources.value };
  return old !== undefined && domainOfRule(content) !== domainOfRule(old) ? domainChange(old) : judged(content);
}

function readActions(value: unknown): Outcome<RuleContent['actions']> {
  const strings = readStrings(value, 'actions');
  if (strings.kind === 'failure') return strings;
  if (strings.value.length === 0) return invalid('`actions` must name at least one action');
  const unknown = strings.value.find((action) => !isAction(action));
  if (unknown !== undefined) {
    return invalid(
      `unknown action ${quoted(unknown)}: use \`connect:tcp\` and \`connect:udp\`, or \`read\` and \`write\``,
    );
  }
  return done(strings.value.filter((action) => isAction(action)));
}

/** The policy core has the last word: what a daemon could not evaluate is never stored (semantics, 5). */
function judged(content: RuleContent): Outcome<RuleContent> {
  if (Buffer.byteLength(JSON.stringify(content), 'utf8') > MAX_POLICY_BYTES) {
    return failure('limit_exceeded', `the rule alone is over ${MAX_POLICY_BYTES / 1024} KB: split it`);
  }
  const check = checkRule(content, 'control_plane');
  if (check.kind === 'ok') return done(content);
  const causes = check.issues.filter((issue) => issue.refused);
  const named = causes.slice(0, MAX_NAMED_ISSUES).map((issue) => printable(issue.message));
  const others = causes.length - named.length;
  return invalid(`${named.join('; ')}${others > 0 ? `; and ${others} more` : ''}`);
}

function domainChange(old: Rule): Failure {
  const domain = domainOfRule(old) ?? 'network';
  return invalid(`\`actions\` of a ${domain} rule stay in that domain: delete the rule and create another`);
}

/** HTTP rules are part of the newer API and not supported; storing one would grant or deny what nobody checks. */
function httpRuleFailure(body: unknown): Failure | null {
  if (typeof body !== 'object' || body === null) return null;
  const { actions } = body as { actions?: unknown };
  const http =
    Array.isArray(actions) && actions.some((action) => typeof action === 'string' && action.startsWith('request:'));
  if (!http && !Object.hasOwn(body, 'http_resources')) return null;
  return invalid(
    'HTTP rules (`http_resources`, `request:*` actions) are not supported: use `connect:tcp` with hosts in `resources`',
  );
}
