import type { Bundle } from '../schema/bundle.ts';
import { LEAST_LEFT_MS } from './expiries.ts';

export interface PublisherWarning {
  readonly code:
    | 'root_ends'
    | 'targets_end'
    | 'bundle_ends'
    | 'not_published'
    | 'signed_too_rarely'
    | 'signer_stands_still';
  readonly message: string;
}

interface Ending {
  readonly expiresAt: number;
}

interface Published {
  readonly root: Ending;
  readonly roles: ReadonlyMap<string, Ending>;
  readonly bundles: readonly { readonly path: string; readonly bundle: Pick<Bundle, 'revision' | 'terms'> }[];
}

interface Watched {
  readonly code: PublisherWarning['code'];
  readonly what: string;
  readonly at: number;
  /** How much has to be left of it. */
  readonly least: number;
  readonly then: string;
}

/** What has to be signed anew before long, and by whom (tuf, 9). */
export function endings(published: Published, now: number): readonly PublisherWarning[] {
  return watched(published).flatMap(({ code, what, at, least, then }) =>
    at - now < least ? [{ code, message: `${what} ends ${inDays(at, now)}: ${then}` }] : [],
  );
}

function watched({ root, roles, bundles }: Published): readonly Watched[] {
  return [
    {
      code: 'root_ends',
      what: 'the root',
      at: root.expiresAt,
      least: LEAST_LEFT_MS.root,
      then: 'renew it with `reeve keys renew`',
    },
    ...[...roles].map(
      ([role, { expiresAt }]): Watched => ({
        code: 'targets_end',
        what: `what \`${role}\` has signed`,
        at: expiresAt,
        least: role === 'targets' ? LEAST_LEFT_MS.targets : LEAST_LEFT_MS.team,
        then: 'publish with its key, which signs it anew',
      }),
    ),
    ...bundles.map(
      ({ path, bundle }): Watched => ({
        code: 'bundle_ends',
        what: `the bundle \`${path}\` (revision ${bundle.revision})`,
        at: bundle.terms.expiresAt,
        least: LEAST_LEFT_MS.bundle,
        then: 'machines deny from then on, so publish another revision',
      }),
    ),
  ];
}

function inDays(at: number, now: number): string {
  if (at <= now) return 'by now';
  const days = Math.floor((at - now) / 86_400_000);
  return days === 0 ? 'today' : `in ${days} day${days === 1 ? '' : 's'}`;
}
