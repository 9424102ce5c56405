// Writes config/schemas/*.json from the shapes in src/schema. Run it after changing one; a test compares the two.
import { mkdirSync, writeFileSync } from 'node:fs';
import { jsonSchemas } from '../src/schema/json-schemas.ts';

const directory = new URL('../config/schemas/', import.meta.url);
mkdirSync(directory, { recursive: true });
for (const [name, schema] of Object.entries(jsonSchemas())) {
  writeFileSync(new URL(name, directory), `${JSON.stringify(schema, null, 2)}\n`);
}
