import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RuleHits } from '../../src/pdp/rule-hits.ts';
import { compile } from '../../src/policy/compile.ts';
import type { Layer } from '../../src/policy/layer.ts';
import { allow, policy, setOf } from '../policy/asking.ts';

/** The layers of an org's policy with so many rules. */
function layersOf(count: number, prefix = 'r'): readonly Layer[] {
  const rules = Array.from({ length: count }, (_, index) => ({
    ...allow(`h${index}.example`),
    id: `${prefix}${index}`,
  }));
  return compile(setOf({ policies: [policy(rules)] })).layers;
}

function orgOf(layers: readonly Layer[]): Layer {
  const org = layers.find(({ origin }) => origin === 'org');
  assert.ok(org !== undefined);
  return org;
}

function hitsOf(hits: RuleHits): Readonly<Record<string, number>> {
  return Object.fromEntries(hits.read().map(({ rule, hits: count }) => [rule, count]));
}

describe('hits of rules', () => {
  test('are counted for each rule, under the names that it has', () => {
    const layers = layersOf(3);
    const layer = orgOf(layers);
    const hits = new RuleHits();
    hits.turnOver(layers);
    for (const target of [0, 2, 2, 2]) hits.count({ layer, target });
    assert.deepEqual(hitsOf(hits), { r0: 1, r2: 3 });
    const [first] = hits.read();
    assert.deepEqual([first?.origin, first?.policy !== ''], ['org', true]);
    assert.equal(hits.others, 0);
  });

  test('go on over a swap, whether the rule is still there or not', () => {
    const [before, after] = [layersOf(2), layersOf(3)];
    const hits = new RuleHits();
    hits.turnOver(before);
    for (const target of [0, 1, 1]) hits.count({ layer: orgOf(before), target });
    hits.turnOver(after);
    assert.deepEqual(hitsOf(hits), { r0: 1, r1: 2 });
    for (const target of [1, 2]) hits.count({ layer: orgOf(after), target });
    assert.deepEqual(hitsOf(hits), { r0: 1, r1: 3, r2: 1 });
    // the same layers again: nothing is counted twice
    hits.turnOver(after);
    assert.deepEqual(hitsOf(hits), { r0: 1, r1: 3, r2: 1 });
  });

  test('of a policy that is gone are counted together, and its layers are not kept', () => {
    const [before, after] = [layersOf(1), layersOf(1)];
    const hits = new RuleHits();
    hits.turnOver(before);
    hits.turnOver(after);
    hits.count({ layer: orgOf(before), target: 0 });
    assert.deepEqual([hitsOf(hits), hits.others], [{}, 1]);
  });

  test('have a thousand lines for a layer, and a thousand of earlier policies, the latest', () => {
    const layers = layersOf(1_500);
    const hits = new RuleHits();
    hits.turnOver(layers);
    for (let target = 0; target < 1_500; target += 1) hits.count({ layer: orgOf(layers), target });
    assert.deepEqual([hits.read().length, hits.others], [1_000, 500]);
    for (const generation of ['a', 'b']) {
      const next = layersOf(600, generation);
      hits.turnOver(next);
      for (let target = 0; target < 600; target += 1) hits.count({ layer: orgOf(next), target });
    }
    hits.turnOver(layersOf(1));
    const kept = hits.read().map(({ rule }) => rule);
    assert.equal(kept.length, 1_000);
    assert.equal(kept.filter((rule) => rule.startsWith('b')).length, 600);
  });
});
