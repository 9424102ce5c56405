import { z } from 'zod';
import { readShape } from './read-shape.ts';
import { readYaml } from './yaml.ts';

/** A local override file or preset, read; its rules stay raw, the compiler judges each of them. */
export type LocalFileReading =
  | { readonly kind: 'file'; readonly rules: readonly unknown[] }
  | { readonly kind: 'invalid'; readonly message: string };

const resource = z
  .string()
  .min(1)
  .describe('network or path pattern, for example `api.example.com:443` or `/srv/data/**`');

/** One rule, as an editor should help to write it; what the daemon accepts is judged by the policy core. */
export const localRuleSchema = z
  .strictObject({
    id: z.string().min(1).optional().describe('stable name in answers and logs; default: the position in the file'),
    name: z.string().min(1).optional().describe('for people'),
    decision: z.enum(['allow', 'deny']).describe('deny always wins'),
    actions: z
      .array(z.enum(['connect:tcp', 'connect:udp', 'read', 'write']))
      .min(1)
      .optional()
      .describe('absent: connect:tcp or read for an allow, both actions of the domain for a deny'),
    resources: z.array(resource).min(1).describe('all of one domain: hosts and addresses, or paths'),
  })
  .describe('one rule of one domain');

/** The published form of `local.d/*.yaml`. */
export const localFileSchema = z
  .strictObject({
    version: z.literal(1).describe('the only version so far'),
    rules: z.array(localRuleSchema).describe('in any order; order and specificity never matter'),
  })
  .describe('reeve: local override file');

const envelope = z.strictObject({ version: z.literal(1), rules: z.array(z.unknown()) });
const presetEnvelope = envelope.extend({ name: z.string() });

/** Reads the text of a local override file. Messages never quote it, member names excepted. */
export function readLocalFile(text: string): LocalFileReading {
  return readEnvelope(text, envelope);
}

/** Reads the text of a preset: a local file with a name. */
export function readPresetFile(text: string): LocalFileReading {
  return readEnvelope(text, presetEnvelope);
}

function readEnvelope(text: string, shape: typeof envelope | typeof presetEnvelope): LocalFileReading {
  const yaml = readYaml(text);
  if (yaml.kind === 'invalid') return yaml;
  const parsed = readShape(shape, yaml.value);
  if (parsed.kind === 'value') return { kind: 'file', rules: parsed.value.rules };
  return { kind: 'invalid', message: envelopeMessage(parsed.issues[0]) };
}

function envelopeMessage(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'unrecognized_keys') {
    return `unknown member \`${printable(issue.keys[0] ?? '')}\`; a file has \`version\` and \`rules\``;
  }
  if (issue?.path[0] === 'version') return 'needs `version: 1`';
  if (issue?.path[0] === 'rules') return 'needs `rules:`, a list (an empty one is `rules: []`)';
  if (issue?.path[0] === 'name') return 'needs `name:`';
  return 'is no mapping; start with `version: 1` and `rules:`';
}

/** A member name for a message: printable, one line, short. */
function printable(name: string): string {
  return name.replaceAll(/[^\x21-\x7e]|`/gu, '?').slice(0, 64);
}
