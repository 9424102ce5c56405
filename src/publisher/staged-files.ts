import type { Clock } from '../base/clock.ts';
import { openRepository, type RepositoryDirectory } from './repository-directory.ts';

const LOOK_EVERY_MS = 5_000;

/**
 * Tells when somebody else has put a role's file into the repository, such as a signer on another machine. Looked at by
 * name and often: events of a directory do not come from other machines. The returned function ends it.
 */
export function watchStaged(repository: string, clock: Clock, onStaged: () => void): () => void {
  const directory = openRepository(repository);
  let last = namesIn(directory);
  let cancel = (): void => undefined;
  const look = (): void => {
    const found = namesIn(directory) ?? last;
    if (found !== last) onStaged();
    last = found;
    cancel = clock.after(LOOK_EVERY_MS, look);
  };
  cancel = clock.after(LOOK_EVERY_MS, look);
  return () => cancel();
}

/** Null while the directory cannot be read: the run that is due says so. */
function namesIn(directory: RepositoryDirectory): string | null {
  try {
    const roles = directory.versions().filter(({ role }) => role !== 'snapshot');
    return roles
      .map(({ path }) => path)
      .sort()
      .join();
  } catch {
    return null;
  }
}
