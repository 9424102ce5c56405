import { bundlesOf, type PublishedBundle } from './listed-bundles.ts';
import { PublisherError } from './publisher-error.ts';
import { existingRepository } from './repository-directory.ts';
import { readState } from './repository-state.ts';

/** The newest bundles that their keys have signed, whether machines are led to them yet or not. */
export function newestBundles(repository: string): readonly PublishedBundle[] {
  const directory = existingRepository(repository);
  return [...(readState(directory)?.newest ?? [])].flatMap(([role, signed]) => {
    const reading = bundlesOf(directory, role, signed);
    if (reading.kind === 'faulty') throw new PublisherError('repository_unusable', reading.why);
    return reading.bundles;
  });
}

/** The one under a name; null where there is none. */
export function newestBundle(repository: string, path: string): PublishedBundle | null {
  return newestBundles(repository).find(({ listed }) => listed.path === path) ?? null;
}

/** The revision that the next bundle under a name may have. */
export function nextRevision(repository: string, path: string): number {
  return Number(newestBundle(repository, path)?.bundle.revision ?? 0) + 1;
}
