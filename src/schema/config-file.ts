import { z } from 'zod';
import { readAddress, readPrefix } from '../policy/resource/address.ts';
import { readShape } from './read-shape.ts';
import { isMissing, memberText, wanted } from './shape-message.ts';
import { absolutePath, sourceSchema, url } from './source-config.ts';
import { readYaml } from './yaml.ts';

/** The largest configuration file. */
export const CONFIG_FILE_BYTES = 262_144;

/** The configuration of `reeve daemon`. Every value has a default; null means the one of the kind of installation. */
export const configFileSchema = z
  .strictObject({
    sockets: z
      .strictObject({
        decide: absolutePath.nullable().default(null).describe('anyone on the machine may ask here'),
        admin: absolutePath.nullable().default(null).describe('changes state: owner only'),
      })
      .prefault({})
      .describe('null: /run/reeve of a system service, the runtime directory of a user service'),
    state_directory: absolutePath
      .nullable()
      .default(null)
      .describe('databases; null: /var/lib/reeve, for a user service ~/.local/state/reeve'),
    source: sourceSchema
      .nullable()
      .default(null)
      .describe('where the organisation policy comes from; null: no organisation, local files and the preset decide'),
    preset: z
      .enum(['locked-down', 'balanced', 'open'])
      .default('locked-down')
      .describe('what applies in domains that no organisation governs'),
    local_directory: absolutePath
      .nullable()
      .default(null)
      .describe('local override files; null: /etc/reeve/local.d, for a user service ~/.config/reeve/local.d'),
    authzen: z
      .strictObject({
        identifier: url(['https:'])
          .refine((text) => URL.canParse(text) && new URL(text).origin === text.replace(/\/$/, ''), 'must have no path')
          .default('https://reeve.invalid')
          .describe('the policy decision point identifier in the AuthZEN metadata'),
      })
      .prefault({}),
    metadata_addresses: z
      .array(z.string().refine((text) => readAddress(text) !== null, 'must be an IPv4 or IPv6 address'))
      .default([])
      .describe('addresses of metadata services beside the built-in ones, for the address guard'),
    nat64_prefixes: z
      .array(z.string().refine(isNat64Prefix, 'must be an IPv6 prefix of length 96'))
      .default([])
      .describe('prefixes of length 96 in which this network embeds IPv4 addresses (NAT64)'),
    decision_log: z
      .strictObject({
        enabled: z.boolean().default(true).describe('keep every decision in `log.db` of the state directory'),
        max_age_days: z.int().min(1).max(3_650).default(30),
        max_records: z.int().min(1_000).max(1_000_000_000).default(10_000_000),
        max_megabytes: z.int().min(16).max(1_000_000).default(4_096),
      })
      .prefault({})
      .describe('the decision log; the first bound that is reached counts'),
    log: z
      .strictObject({
        level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
        destination: z
          .union([z.literal('stderr'), absolutePath])
          .default('stderr')
          .describe('`stderr` or the absolute path of a file'),
        max_megabytes: z.int().min(1).max(10_000).default(16).describe('a larger file is put aside as `FILE.1`'),
        keep: z.int().min(1).max(100).default(4).describe('how many files that were put aside stay'),
      })
      .prefault({}),
  })
  .describe('reeve: configuration of the daemon');

/** A configuration file, read and defaulted. */
export type ConfigFile = z.infer<typeof configFileSchema>;

export type ConfigFileReading =
  | { readonly kind: 'config'; readonly config: ConfigFile }
  /** One message a problem: `member.path`: what it must be. Values are never repeated. */
  | { readonly kind: 'invalid'; readonly issues: readonly string[] };

/** Reads the text of a configuration file; an empty one is all defaults. */
export function readConfigFile(text: string): ConfigFileReading {
  const yaml = readYaml(text);
  if (yaml.kind === 'invalid') return { kind: 'invalid', issues: [yaml.message] };
  const written = yaml.value ?? {};
  const parsed = readShape(configFileSchema, written);
  if (parsed.kind === 'value') return { kind: 'config', config: parsed.value };
  const issues = parsed.issues.flatMap((issue) => messagesOf(issue, written));
  return { kind: 'invalid', issues: issues.length === 0 ? ['the file: has a value that it may not have'] : issues };
}

function isNat64Prefix(text: string): boolean {
  const reading = readPrefix(text);
  return reading.kind === 'prefix' && /:.*\/96$/.test(text);
}

function messagesOf(issue: z.core.$ZodIssue, written: unknown): readonly string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(
      (key) => `\`${memberText([...issue.path, key])}\`: unknown member; correct it or leave it out`,
    );
  }
  const place = issue.path.length === 0 ? 'the file' : `\`${memberText(issue.path)}\``;
  return [`${place}: ${isMissing(written, issue.path) ? 'is missing' : wanted(issue, 'a mapping')}`];
}
