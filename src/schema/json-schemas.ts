import { z } from 'zod';
import { bundleSchema } from './bundle-shape.ts';
import { configFileSchema } from './config-file.ts';
import { localFileSchema } from './local-file.ts';

const SCHEMAS = {
  'bundle.schema.json': bundleSchema,
  'config.schema.json': configFileSchema,
  'local-file.schema.json': localFileSchema,
} as const;

/** The published JSON Schemas by file name, made from the shapes that the code itself reads with. */
export function jsonSchemas(): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(SCHEMAS).map(([name, schema]) => [
      name,
      z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' }),
    ]),
  );
}
