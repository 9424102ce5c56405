import { chmodSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../files/durable-file.ts';
import { MAX_METADATA_BYTES, MAX_TARGET_BYTES } from '../tuf/limits.ts';
import { consistentPath } from '../tuf/target-path.ts';
import { TEMPORARY_PREFIX, writeAtomically } from './atomic-file.ts';
import { PublisherError } from './publisher-error.ts';
import { causeOf, readSmallFile } from './small-file.ts';

export const METADATA = 'metadata';
export const TARGETS = 'targets';
/** Beside what is served: the lock, and the state of a bridge. Nobody else may look into it. */
const PRIVATE = '.publisher';

/** Whoever serves it is somebody else. */
const SERVED = { file: 0o644, directory: 0o755 };

export const TIMESTAMP_PATH = `${METADATA}/timestamp.json`;

/** Where a file of a version lies; such a file never changes once it is there (tuf, 2). */
export function metadataPath(role: string, version: number): string {
  return `${METADATA}/${version}.${role}.json`;
}

export function targetPath(path: string, sha256: string): string {
  return `${TARGETS}/${consistentPath(path, sha256)}`;
}

export interface FoundVersion {
  readonly role: string;
  readonly version: number;
  readonly path: string;
}

/** A static repository on this machine's disk: what a web server serves. Paths are relative to it. */
export interface RepositoryDirectory {
  readonly path: string;
  /** Null where there is no such file. */
  read(path: string): Buffer | null;
  write(path: string, bytes: Uint8Array, modifiedAt?: number): void;
  remove(path: string): void;
  modifiedAt(path: string): number | null;
  /** Every numbered metadata file, by role and version. */
  versions(): readonly FoundVersion[];
  /** The file of something that is not served. */
  privatePath(name: string): string;
}

const VERSIONED = /^([1-9]\d{0,15})\.([a-z][a-z0-9-]{0,63})\.json$/;

/** Makes the directories where they are missing. */
export function openRepository(root: string): RepositoryDirectory {
  for (const name of ['', METADATA, TARGETS]) makeDirectory(join(root, name), SERVED.directory);
  makeDirectory(join(root, PRIVATE), 0o700);
  return repositoryAt(root);
}

/** One that is there, to look at it. */
export function existingRepository(root: string): RepositoryDirectory {
  if (statSync(join(root, METADATA), { throwIfNoEntry: false })?.isDirectory() === true) return repositoryAt(root);
  throw new PublisherError('repository_unusable', `there is no repository in \`${root}\`: it has no \`${METADATA}\``);
}

function repositoryAt(root: string): RepositoryDirectory {
  return {
    path: root,
    read: (path) => readOrNull(join(root, path), maxBytesOf(path)),
    write(path, bytes, modifiedAt) {
      const file = join(root, path);
      makeDirectory(dirname(file), SERVED.directory);
      writeAtomically(file, bytes, { mode: SERVED.file, ...(modifiedAt === undefined ? {} : { modifiedAt }) });
    },
    remove: (path) => rmSync(join(root, path), { force: true }),
    modifiedAt: (path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? null,
    versions: () =>
      readdirSync(join(root, METADATA))
        .filter((name) => !name.startsWith(TEMPORARY_PREFIX))
        .flatMap((name) => {
          const [, version, role] = VERSIONED.exec(name) ?? [];
          if (version === undefined || role === undefined || !Number.isSafeInteger(Number(version))) return [];
          return [{ role, version: Number(version), path: `${METADATA}/${name}` }];
        }),
    privatePath: (name) => join(root, PRIVATE, name),
  };
}

function makeDirectory(path: string, mode: number): void {
  try {
    const made = mkdirSync(path, { recursive: true, mode });
    if (made === undefined) return;
    chmodSync(path, mode);
    // the name of a new directory is on the disk once its own one is
    syncDirectory(dirname(made));
  } catch (error) {
    const message = `cannot make the directory \`${path}\` (${causeOf(error)})`;
    throw new PublisherError('repository_unusable', message, { cause: error });
  }
}

function maxBytesOf(path: string): number {
  return path.startsWith(`${TARGETS}/`) ? MAX_TARGET_BYTES : MAX_METADATA_BYTES.targets;
}

function readOrNull(path: string, maxBytes: number): Buffer | null {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return null;
  return readSmallFile(path, maxBytes);
}
