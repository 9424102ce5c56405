import { shown } from '../base/shown.ts';
import type { PublicPart } from '../tuf/key.ts';
import { PublisherError } from './publisher-error.ts';
import { type RootDocument, TOP_ROLES, type TopRole } from './root-document.ts';

/** What a ceremony does to a root. */
export type RootChange =
  /** The same keys for another year. */
  | { readonly kind: 'renew' }
  | { readonly kind: 'add'; readonly role: TopRole; readonly key: PublicPart; readonly threshold: number | null }
  | { readonly kind: 'remove'; readonly id: string; readonly threshold: number | null }
  /** One key for another, in the role of the old one. */
  | { readonly kind: 'rotate'; readonly id: string; readonly key: PublicPart }
  /** Somebody else may have the key: gone from every role, and named for ever. */
  | {
      readonly kind: 'revoke';
      readonly id: string;
      readonly key: PublicPart | null;
      readonly threshold: number | null;
    };

const DAY_MS = 86_400_000;
/** Root metadata is good for a year, and signed again after nine months (docs/keys.md). */
const ROOT_DAYS = 365;

/** Whole seconds: metadata has no others. */
export function rootExpiry(now: number, days: number = ROOT_DAYS): number {
  return Math.floor(now / 1_000) * 1_000 + days * DAY_MS;
}

/** The root that `change` makes of `root`, under the version and expiry that it is given. */
export function changedRoot(
  root: RootDocument,
  change: RootChange,
  next: { readonly version: number; readonly expires: number },
): RootDocument {
  const base = { ...root, ...next };
  switch (change.kind) {
    case 'renew':
      return base;
    case 'add':
      return withKeys(base, change.role, [...root.roles[change.role].keys, change.key], change.threshold);
    case 'remove':
      return without(base, change.id, null, change.threshold);
    case 'rotate':
      return without(base, change.id, change.key, null);
    case 'revoke':
      return {
        ...without(base, change.id, change.key, change.threshold),
        revoked: [...new Set([...root.revoked, change.id])].sort(),
      };
  }
}

/** Without the key, and with another in its place where one is given. */
function without(root: RootDocument, id: string, instead: PublicPart | null, threshold: number | null): RootDocument {
  const role = TOP_ROLES.find((name) => root.roles[name].keys.some((key) => key.id === id));
  if (role === undefined) {
    const message = `no role of this root has the key ${shown(id)}: \`reeve keys show\` lists them`;
    throw new PublisherError('root_refused', message);
  }
  const kept = root.roles[role].keys.filter((key) => key.id !== id);
  return withKeys(root, role, instead === null ? kept : [...kept, instead], threshold);
}

function withKeys(
  root: RootDocument,
  role: TopRole,
  keys: readonly PublicPart[],
  threshold: number | null,
): RootDocument {
  return {
    ...root,
    roles: { ...root.roles, [role]: { keys, threshold: threshold ?? root.roles[role].threshold } },
  };
}

/** A key id as a person gives it: whole, or as much of its beginning as tells it apart. */
export function keyIdIn(root: RootDocument, given: string): string {
  const ids = TOP_ROLES.flatMap((role) => root.roles[role].keys.map(({ id }) => id));
  const found = ids.filter((id) => id.startsWith(given));
  const [first] = found;
  if (first !== undefined && found.length === 1 && given.length >= 8) return first;
  const why =
    found.length > 1 ? 'fits more than one key' : given.length < 8 ? 'is too short' : 'is no key of this root';
  throw new PublisherError('root_refused', `${shown(given)} ${why}: give the id as \`reeve keys show\` lists it`);
}
