import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import type { ReviewedBundle } from '../daemon/policy/policy-review.ts';
import type { Database } from '../store/database.ts';
import { CliError } from './cli-error.ts';

/** Where a bundle that was named is found. */
export interface BundleShelf {
  readonly database: Database;
  readonly cwd: string;
}

/** `active`, `previous`, a revision that served here, or a file; null = nothing is active, or nothing was before. */
export async function bundleNamed(name: string, shelf: BundleShelf): Promise<ReviewedBundle | null> {
  const kept = await keptNamed(name, shelf);
  if (kept !== null || name === 'active' || name === 'previous') return kept;
  if (/^https?:\/\//.test(name)) throw repository(name);
  const path = resolve(shelf.cwd, name);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) throw repository(name);
  if (existsSync(path)) return inFile(path, shelf);
  throw new CliError(
    'failed',
    `${shown(name)} is no revision that served on this machine, and no file`,
    'name `active`, `previous`, a revision of the last ten, or a bundle file',
  );
}

function repository(name: string): CliError {
  const hint = 'two repositories are compared by `reeve bundle diff`; here, name the bundle file in one';
  return new CliError('failed', `${shown(name)} is no bundle file: it would be a repository`, hint);
}

async function keptNamed(name: string, { database }: BundleShelf): Promise<ReviewedBundle | null> {
  const { keptBundle } = await import('../store/kept-bundles.ts');
  const kept = keptBundle(database, name);
  if (kept === null) return null;
  const { org, revision, source, terms } = kept.header;
  return { org, revision, source, terms, policies: kept.policies, wasGoverned: kept.wasGoverned };
}

async function inFile(path: string, { database }: BundleShelf): Promise<ReviewedBundle> {
  const [{ readBundleFile }, { readBundle }, { createBundleStore }] = await Promise.all([
    import('../publisher/bundle-file.ts'),
    import('../schema/bundle.ts'),
    import('../store/bundle-store.ts'),
  ]);
  const reading = readBundle(documentOf(path, readBundleFile));
  if (reading.kind === 'invalid') throw new CliError('failed', `${shown(path)}: ${reading.message}`);
  const { org, revision, terms, policies } = reading.bundle;
  const store = createBundleStore(database);
  const enrolled = store.enrolledOrg();
  if (enrolled !== null && enrolled !== org) {
    const message = `${shown(path)} is of ${shown(org)}, and this machine belongs to ${shown(enrolled)}`;
    throw new CliError('failed', message, 'a bundle of another organisation never serves here');
  }
  return { org, revision, source: 'file', terms, policies, wasGoverned: store.wasGoverned() };
}

function documentOf(path: string, read: (path: string) => { readonly document: Uint8Array }): Uint8Array {
  try {
    return read(path).document;
  } catch (error) {
    throw new CliError('failed', messageOf(error));
  }
}
