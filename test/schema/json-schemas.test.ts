import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { jsonSchemas } from '../../src/schema/json-schemas.ts';

const directory = new URL('../../config/schemas/', import.meta.url);

test('the published schemas are what the code reads with (else run scripts/generate-schemas.ts)', () => {
  const schemas = jsonSchemas();
  assert.deepEqual(readdirSync(directory).sort(), Object.keys(schemas).sort());
  for (const [name, schema] of Object.entries(schemas)) {
    assert.deepEqual(
      JSON.parse(readFileSync(new URL(name, directory), 'utf8')),
      JSON.parse(JSON.stringify(schema)),
      name,
    );
  }
});

test('the published schemas refuse unknown members and describe the known ones', () => {
  const schema = jsonSchemas()['local-file.schema.json'] as {
    additionalProperties: boolean;
    properties: Record<string, { description?: string }>;
  };
  assert.equal(schema.additionalProperties, false);
  assert.deepEqual(Object.keys(schema.properties), ['version', 'rules']);
  assert.ok(Object.values(schema.properties).every((property) => property.description !== undefined));
});
