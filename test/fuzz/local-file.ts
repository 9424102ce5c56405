import assert from 'node:assert/strict';
import { compile } from '../../src/policy/index.ts';
import { readLocalFile, readPresetFile } from '../../src/schema/local-file.ts';
import { parseStrictJsonText } from '../../src/schema/strict-json.ts';
import { formatYaml } from '../../src/schema/yaml.ts';
import { emptySet } from '../support/policy-sets.ts';
import { assertMessage } from './judged.ts';
import { mutatedText } from './mutation.ts';
import { fuzzTarget } from './target.ts';
import { RULES } from './words.ts';

const FILES = [
  formatYaml({ version: 1, rules: RULES }),
  JSON.stringify({ version: 1, rules: RULES }),
  'version: 1\nrules: []\n',
  'name: mine\nversion: 1\nrules:\n  - decision: deny\n    resources: ["**.example.com", \'~/.ssh/**\'] # both\n',
  'version: 1\nrules:\n- {decision: allow, resources: [10.0.0.0/8]}\n- decision: deny\n  resources:\n  - |\n    /srv\n  - >-\n    /a\n    b\n',
];

const WORDS = [
  '\n',
  '  ',
  '\t',
  ': ',
  '- ',
  '? ',
  '#',
  '&a ',
  '*a',
  '!!str ',
  '!x ',
  '<<: *a',
  '%YAML 1.1\n---\n',
  '---\n',
  '...\n',
  '|',
  '>',
  '"',
  "'",
  '{',
  '}',
  '[',
  ']',
  ',',
  'null',
  '~',
  'yes',
  '0x10',
  '1e3',
  '.inf',
  '\\x00',
  '\\ud800',
  'version: 1\n',
  'rules:',
  'decision: deny',
  '__proto__: {}\n',
];

/** Local override files and presets: one line of a reason, or rules that can be written and read again. */
export const LOCAL_FILE = fuzzTarget<string>('local-file', 'LOCAL_FILE', () => ({
  inputs: mutatedText(FILES, WORDS, 2_000),
  check(text) {
    const preset = readPresetFile(text);
    if (preset.kind === 'invalid') assertMessage(preset.message);
    const reading = readLocalFile(text);
    if (reading.kind === 'invalid') {
      assertMessage(reading.message);
      return;
    }
    const { rules } = reading;
    // answers repeat names and resources, and who reads them is as strict as we are
    assert.equal(parseStrictJsonText(JSON.stringify(rules), { maxDepth: 64 }).kind, 'value');
    const compiled = compile(emptySet({ local: [{ name: 'a.yaml', uid: null, rules }] }));
    for (const { message } of [...compiled.issues, ...compiled.warnings]) assertMessage(message);
    assert.equal(compiled.listing.length, rules.length, 'every rule is listed');
    assert.deepEqual(readLocalFile(formatYaml({ version: 1, rules })), reading);
  },
}));
