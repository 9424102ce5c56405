import type { Domain } from './action.ts';
import { isByOrg } from './answer.ts';
import { changeBehind, type SourcedChange } from './change-behind.ts';
import { decide } from './decide.ts';
import type { Answer, Effect, Origin } from './decision.ts';
import { Hits } from './index/hits.ts';
import * as filesystem from './judge-filesystem.ts';
import * as network from './judge-network.ts';
import type { Layer } from './layer.ts';
import type { FilesystemRequest, NetworkRequest, Request } from './request.ts';
import type { CompiledPolicy, DomainState, Snapshot } from './snapshot.ts';
import { type Asked, effectOf, exclusion } from './target-table.ts';
import { type Asker, addClosures, type Cause, resourceOf, ruleOf, uidOf } from './verdict.ts';

// One look at a time: nothing here waits.
const hits = new Hits();

/** A rule whose resource meets the destination. */
export interface ExplainedRule {
  readonly id: string;
  readonly name: string;
  readonly policy: string;
  readonly origin: Origin;
  readonly decision: Effect;
  readonly resource: string;
  /** Part of the decision; false = a near miss, and `cause` says why. */
  readonly counts: boolean;
  readonly cause?: string;
}

/** What one layer says on its own. */
export interface LayerOutcome {
  readonly origin: Origin;
  readonly outcome: 'allow' | 'deny' | 'none';
  readonly matching: number;
  readonly near_misses: number;
}

/** How the request's domain is ruled. */
export interface ExplainedDomain {
  readonly name: Domain;
  readonly governed: boolean;
  readonly delegated: boolean;
  readonly mode: 'enforce' | 'monitor';
}

/** The answer with everything that led to it; `answer` is what `decide` says of the same snapshot. */
export interface Explanation {
  readonly answer: Answer;
  readonly domain?: ExplainedDomain;
  /** Whole-domain causes in force: no policy, staleness, rules that cannot be evaluated. */
  readonly closures: readonly { readonly code: string; readonly reason: string }[];
  readonly layers: readonly LayerOutcome[];
  readonly rules: readonly ExplainedRule[];
  /** Rules that were left out because `rules` is bounded. */
  readonly rules_left_out: number;
  /** Only where the organisation's policy decided. */
  readonly changed?: SourcedChange;
}

/** The most rules that an explanation names for anybody on the machine; the admin socket has its own bound. */
export const EXPLAINED_RULES = 100;

/** Explains the decision of `decide` by visiting the same indexes with the same forms, and keeping what it meets. */
export function explain(snapshot: Snapshot, request: Request, asker: Asker, maxRules = EXPLAINED_RULES): Explanation {
  const answer = decide(snapshot, request, asker);
  // What cannot be judged meets no rules; nor does a question in another's name, which could tell of their files.
  if (request.kind === 'invalid' || answer.code === 'invalid_request') {
    return { answer, closures: [], layers: [], rules: [], rules_left_out: 0 };
  }
  const { policy } = snapshot;
  const domain = request.kind;
  const met = policy.layers.map((layer) => ({ layer, rules: rulesMet(policy, layer, request, asker) }));
  const rules = met.flatMap(({ rules: found }) => found);
  // What decides comes before what nearly did.
  const ordered = [...rules.filter((rule) => rule.counts), ...rules.filter((rule) => !rule.counts)];
  const closures: Cause[] = [];
  addClosures(closures, policy, domain, uidOf(request, asker));
  const changed = changeOf(policy, domain, answer);
  return {
    answer,
    domain: explainedDomain(domain, policy.domains[domain]),
    closures: closures.map(({ code, reason }) => ({ code, reason })),
    layers: met.map(({ layer, rules: found }) => outcomeOf(layer.origin, found)),
    rules: ordered.slice(0, maxRules),
    rules_left_out: Math.max(0, ordered.length - maxRules),
    ...(changed === null ? {} : { changed }),
  };
}

/** Only where the organisation's policy decided: by a rule, or by what is missing from it. */
function changeOf(policy: CompiledPolicy, domain: Domain, { rule, code }: Answer): SourcedChange | null {
  const ofOrg = rule?.origin === 'org';
  if (!ofOrg && !isByOrg(policy, domain, code)) return null;
  return changeBehind(ofOrg ? (policy.changes.get(rule.policy) ?? null) : null, policy.change);
}

function explainedDomain(name: Domain, { governed, delegated, monitored }: DomainState): ExplainedDomain {
  return { name, governed, delegated, mode: monitored ? 'monitor' : 'enforce' };
}

function outcomeOf(origin: Origin, rules: readonly ExplainedRule[]): LayerOutcome {
  const counting = rules.filter((rule) => rule.counts);
  const denies = counting.some((rule) => rule.decision === 'deny');
  return {
    origin,
    outcome: denies ? 'deny' : counting.length > 0 ? 'allow' : 'none',
    matching: counting.length,
    near_misses: rules.length - counting.length,
  };
}

function rulesMet(
  policy: CompiledPolicy,
  layer: Layer,
  request: NetworkRequest | FilesystemRequest,
  asker: Asker,
): ExplainedRule[] {
  return request.kind === 'network'
    ? networkRules(policy, layer, request, asker)
    : filesystemRules(policy, layer, request, asker);
}

function networkRules(policy: CompiledPolicy, layer: Layer, request: NetworkRequest, asker: Asker): ExplainedRule[] {
  const met = new Set<number>();
  hits.clear();
  network.collectDenied(policy, layer, request, hits);
  gather(met, layer, 'deny');
  hits.clear();
  network.collectDestination(layer, request, hits);
  gather(met, layer, 'allow');
  return explained(layer, met, network.askedOf(request, asker));
}

function filesystemRules(
  policy: CompiledPolicy,
  layer: Layer,
  request: FilesystemRequest,
  asker: Asker,
): ExplainedRule[] {
  const forms = filesystem.formsOf(policy, request);
  if (typeof forms === 'string') return [];
  const met = new Set<number>();
  hits.clear();
  filesystem.collectDenies(layer, forms, hits);
  gather(met, layer, 'deny');
  hits.clear();
  filesystem.collectAllows(layer, forms, hits);
  gather(met, layer, 'allow');
  return explained(layer, met, filesystem.askedOf(policy, request, asker));
}

/** Takes each target once; a look for denied forms is no look for an allow, and the other way round. */
function gather(met: Set<number>, { targets }: Layer, effect: Effect): void {
  for (let index = 0; index < hits.count; index += 1) {
    const target = hits.at(index);
    if (effectOf(targets, target) === effect) met.add(target);
  }
}

function explained(layer: Layer, met: ReadonlySet<number>, asked: Asked): ExplainedRule[] {
  return [...met]
    .sort((a, b) => a - b)
    .map((target) => {
      const { id, name, policy, effect, inert } = ruleOf({ layer, target });
      const cause = inert ?? exclusion(layer.targets, target, asked);
      return {
        id,
        name,
        policy,
        origin: layer.origin,
        decision: effect,
        resource: resourceOf({ layer, target }),
        counts: cause === null,
        ...(cause === null ? {} : { cause }),
      };
    });
}
