import { createHash } from 'node:crypto';
import { canonicalJson, type Unordered } from './canonical-json.ts';

const UNORDERED: Unordered = {
  /** A server may give these lists in another order each time, and it is no change. */
  sets: new Set(['policies', 'rules', 'actions', 'resources', 'http_resources', 'teams', 'tags']),
  /** Free-form below here: a list there is whatever its author meant. */
  except: new Set(['metadata']),
};

/** What a `governance` source delivers: an organisation's policies, as one. */
export interface PolicyContent {
  readonly org: string;
  /** Governance `Policy` objects, raw. */
  readonly policies: readonly unknown[];
}

/** `sha256:…` of the canonical content, unordered (delivery, Sources 1). */
export function policyRevision({ org, policies }: PolicyContent): string {
  return digestOf(canonicalJson({ org, policies }, UNORDERED));
}

/** `sha256:…` of what is stored, part by part; finds a row that something else has written. */
export function digestOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return `sha256:${hash.digest('hex')}`;
}
