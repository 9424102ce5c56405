import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPresetName, loadPreset, PRESET_NAMES } from '../../src/sources/presets.ts';

interface PresetRule {
  readonly decision: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

const rulesOf = (name: (typeof PRESET_NAMES)[number]): readonly PresetRule[] => loadPreset(name).rules as PresetRule[];

test('balanced is 193 tcp destinations in six allow groups, each once, and no path', () => {
  const rules = rulesOf('balanced');
  const resources = rules.flatMap((rule) => rule.resources);
  assert.equal(rules.length, 6);
  assert.equal(resources.length, 193);
  assert.equal(new Set(resources).size, 193);
  assert.deepEqual([...new Set(rules.flatMap((rule) => [rule.decision, ...rule.actions]))], ['allow', 'connect:tcp']);
  assert.deepEqual([...new Set(resources.map((resource) => resource.split(':')[1]))].sort(), ['443', '80']);
});

test('open allows everything in both domains', () => {
  assert.deepEqual(
    rulesOf('open').map((rule) => [rule.decision, rule.actions, rule.resources]),
    [
      ['allow', ['connect:tcp', 'connect:udp'], ['**']],
      ['allow', ['read', 'write'], ['**']],
    ],
  );
});

test('locked-down has no rules at all and is the default', () => {
  assert.deepEqual(rulesOf('locked-down'), []);
  assert.equal(PRESET_NAMES[0], 'locked-down');
});

test('only the three names are presets', () => {
  assert.ok(PRESET_NAMES.every(isPresetName));
  assert.ok(!isPresetName('../open') && !isPresetName('') && !isPresetName('constructor') && !isPresetName(null));
});
