import { ACTION_BIT } from './action.ts';
import type { DeterminingRule, Origin } from './decision.ts';
import type { Layer } from './layer.ts';
import { effectOf } from './target-table.ts';
import { type Match, resourceOf, ruleOf } from './verdict.ts';

/** What an answer says of the rule that determined it: decoded once and kept, for the next answer by the same rule. */
export interface RuleParts {
  readonly rule: DeterminingRule;
  /** Where the rule stands, in the names that its authors gave. */
  readonly source: string;
  /** What follows the request in `reason`; of a deny, as it denies a destination or one path. */
  readonly verdict: string;
  /** `verdict` inside a JSON string, its end, and the member `rule`. */
  readonly json: string;
}

/** How a person calls the layer that a rule comes from. */
const ORIGIN_WORDS: Readonly<Record<Origin, string>> = {
  builtin: "reeve's own protection",
  org: 'organisation policy',
  local: 'local file',
  preset: 'preset',
};

const OF_PATHS = ACTION_BIT.read | ACTION_BIT.write;

/** A power of two. */
const KEPT = 8_192;

/** The parts of some targets, each in one of the two places that its number gives it; the one before has to go. */
interface KeptParts {
  readonly layer: Layer;
  readonly targets: Int32Array;
  readonly parts: (RuleParts | undefined)[];
}

const KEPT_PARTS = new WeakMap<Layer, KeptParts>();
/** Most answers come from the layer that the one before came from. */
let last: KeptParts | null = null;

export function partsOf(match: Match): RuleParts {
  const { layer, target } = match;
  const kept = last?.layer === layer ? last : keptOf(layer);
  // two places for each number: two rules that are asked for in turns do not drive each other out
  const place = target & (KEPT - 2);
  if (kept.targets[place] === target) return kept.parts[place] ?? keep(kept, place, match);
  if (kept.targets[place + 1] === target) return kept.parts[place + 1] ?? keep(kept, place, match);
  kept.targets[place + 1] = kept.targets[place] ?? -1;
  kept.parts[place + 1] = kept.parts[place];
  return keep(kept, place, match);
}

function keep(kept: KeptParts, place: number, match: Match): RuleParts {
  const parts = readParts(match);
  kept.targets[place] = match.target;
  kept.parts[place] = parts;
  return parts;
}

function keptOf(layer: Layer): KeptParts {
  const kept = KEPT_PARTS.get(layer) ?? { layer, targets: new Int32Array(KEPT).fill(-1), parts: [] };
  KEPT_PARTS.set(layer, kept);
  last = kept;
  return kept;
}

function readParts(match: Match): RuleParts {
  const { layer, target } = match;
  const { origin } = layer;
  const { id, name, policy, policyName } = ruleOf(match);
  const resource = resourceOf(match);
  const source =
    origin === 'builtin'
      ? ORIGIN_WORDS.builtin
      : `${ORIGIN_WORDS[origin]} \`${policyName}\`, rule \`${name === '' ? id : name}\``;
  const what = effectOf(layer.targets, target) === 'allow' ? 'is allowed by' : deniedBy(match);
  const verdict = ` ${what} \`${resource}\` (${source})`;
  const rule: DeterminingRule = { id, name, policy, origin, resource };
  const json = `${JSON.stringify(verdict).slice(1)},"rule":${JSON.stringify(rule)}`;
  return { rule, source, verdict, json };
}

function deniedBy({ layer, target }: Match): string {
  return ((layer.targets.flags[target] ?? 0) & OF_PATHS) === 0
    ? 'is denied: it matches'
    : 'is denied: the path matches';
}
