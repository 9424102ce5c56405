import { type RepositoryDirectory, TIMESTAMP_PATH } from './repository-directory.ts';

/**
 * Runs a publication. Where that fails before the step that leads machines to it, what it wrote is taken away again: a file
 * that its keys have signed would be published by whoever signs next, and revisions would be counted from it.
 */
export async function orTakenBack<T>(
  directory: RepositoryDirectory,
  run: (directory: RepositoryDirectory) => Promise<T>,
): Promise<T> {
  const made: string[] = [];
  const step = { isFinal: false };
  const write: RepositoryDirectory['write'] = (path, bytes, modifiedAt) => {
    // from here on somebody may be led to what was written, also where the write itself reports an error
    step.isFinal ||= path === TIMESTAMP_PATH || (isRoot(path) && hasRoot(directory));
    if (directory.modifiedAt(path) === null) made.push(path);
    directory.write(path, bytes, modifiedAt);
  };
  try {
    return await run({ ...directory, write });
  } catch (error) {
    if (!step.isFinal) made.toReversed().forEach((path) => directory.remove(path));
    throw error;
  }
}

function isRoot(path: string): boolean {
  return path.endsWith('.root.json');
}

function hasRoot(directory: RepositoryDirectory): boolean {
  return directory.versions().some(({ role }) => role === 'root');
}
