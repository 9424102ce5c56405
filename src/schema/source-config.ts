import { z } from 'zod';
import { isCanonicalPath } from '../policy/resource/path.ts';

/** Shapes that more than one part of the configuration file has. */
export const absolutePath = z
  .string()
  .refine(isCanonicalPath, 'must be an absolute path without `//`, `.`, `..` and a trailing `/`');
export const name = z.string().min(1).max(512);
export const url = (protocols: readonly string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });

const duration = z
  .string()
  .regex(/^[1-9][0-9]{0,3}[smh]$/, 'must be a duration such as `120s`, `2m` or `1h`')
  .refine((text) => durationMs(text) <= 3_600_000, 'must be at most `1h`');

const governs = z
  .union([
    z.literal('auto'),
    z.strictObject({
      network: z.union([z.boolean(), z.literal('auto')]).default('auto'),
      filesystem: z.union([z.boolean(), z.literal('auto')]).default('auto'),
    }),
  ])
  .default('auto')
  .describe('which domains the organisation governs; auto: each from its first policy on');

const common = {
  org: name.describe('the organisation whose policy is pulled'),
  teams: z
    .array(name)
    .nullable()
    .default(null)
    .describe('teams of this machine; null: it has no team list, then team denies apply and team allows do not'),
  interval: duration
    .nullable()
    .default(null)
    .describe(
      'time between two polls, 30s to 1h (1s to loopback); null: what the bundle says, else 120s (governance), 60s',
    ),
};

const transport = {
  proxy: url(['http:', 'https:'])
    .nullable()
    .default(null)
    .describe('HTTP proxy for everything that goes to the source'),
  ca_file: absolutePath
    .nullable()
    .default(null)
    .describe('PEM file with the certificate authorities that are trusted instead of the usual ones'),
};

const governance = z
  .strictObject({
    type: z.literal('governance').describe('a governance API, such as `reeve control-plane`'),
    base_url: url(['https:', 'http:']).describe(
      'base of the governance API, for example `https://policy.example.com/v2`; http only to loopback',
    ),
    ...common,
    credential_file: absolutePath.describe(
      'JSON `{"identifier": …, "secret": …}`, mode 0600; read-only credentials are best',
    ),
    governs,
    ignore_members: z
      .array(name)
      .default([])
      .describe('members of policies and rules that this version does not know and may ignore'),
    ...transport,
  })
  .describe('policies of a governance API');

const tuf = z
  .strictObject({
    type: z.literal('tuf').describe('a TUF repository: signed bundles on any web server'),
    base_url: url(['https:', 'http:']).describe(
      'base of the repository, for example `https://policy.example.com/acme`; http only to loopback',
    ),
    ...common,
    root_file: absolutePath.describe('the pinned root.json, owned like this file; from `reeve keys init`'),
    target: z
      .string()
      .regex(
        /^(?:[a-z0-9][a-z0-9._-]*\/){0,4}[a-z0-9][a-z0-9._-]*\.json\.gz$/,
        'must be a target such as `bundle.json.gz`',
      )
      .default('bundle.json.gz')
      .describe('the target that holds this machine’s bundle'),
    ...transport,
  })
  .describe('signed bundles of a TUF repository');

const file = z
  .strictObject({
    type: z.literal('file').describe('a bundle file that device management puts there'),
    path: absolutePath.describe('the bundle file, owned like this file; watched'),
    ...common,
    public_keys: z
      .array(absolutePath)
      .min(1)
      .nullable()
      .default(null)
      .describe(
        'PEM files of Ed25519 public keys; when given, the bundle must be a DSSE envelope signed by one of them',
      ),
  })
  .describe('a bundle file on this machine');

/** Where the organisation policy comes from. */
export const sourceSchema = z.discriminatedUnion('type', [governance, tuf, file]);

export type WrittenSource = z.infer<typeof sourceSchema>;

/** `120s`, `2m`, `1h` in milliseconds. */
export function durationMs(text: string): number {
  const unit = text.endsWith('h') ? 3_600_000 : text.endsWith('m') ? 60_000 : 1_000;
  return Number(text.slice(0, -1)) * unit;
}
