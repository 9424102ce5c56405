import { isObject, type RuleFields } from '../policy/rule-shape.ts';
import { isoDurationMs } from '../schema/iso-duration.ts';
import { PublisherError } from './publisher-error.ts';
import { readYamlFile } from './yaml-file.ts';

/** What a bundle says beside its policies, as its author keeps it: a bundle document without what changes each time. */
export interface BundleHead {
  readonly org: string;
  /** How long each bundle is good for, in milliseconds; null = the head names the day itself. */
  readonly expiresInMs: number | null;
  /** Every other member, as it was written: the reader of bundles judges them. */
  readonly members: RuleFields;
}

const MAX_HEAD_BYTES = 1024 * 1024;
/** They are made, or come from elsewhere. */
const NOT_HERE = ['policies', 'revision', 'issued_at', 'schema'];

/** Reads YAML or JSON. */
export function readHeadFile(path: string): BundleHead {
  return headOf(readYamlFile(path, MAX_HEAD_BYTES));
}

export function headOf(value: unknown): BundleHead {
  if (!isObject(value)) throw refused('it must be an object');
  const { expires_in: expiresIn, ...members } = value;
  const foreign = NOT_HERE.find((name) => Object.hasOwn(members, name));
  if (foreign !== undefined) throw refused(`\`${foreign}\` has no place in it: it is made for each bundle`);
  const { org, expires_at: expiresAt } = members;
  if (typeof org !== 'string') throw refused('`org` is missing');
  if ((expiresIn === undefined) === (expiresAt === undefined)) {
    throw refused('it needs `expires_in`, such as `P90D`, or the day itself as `expires_at`');
  }
  return { org, expiresInMs: expiresIn === undefined ? null : durationOf(expiresIn), members };
}

function durationOf(value: unknown): number {
  const ms = typeof value === 'string' ? isoDurationMs(value) : null;
  if (ms === null || ms === 0)
    throw refused('`expires_in` must be an ISO 8601 duration of days or less, such as `P90D`');
  return ms;
}

function refused(why: string): PublisherError {
  return new PublisherError('bundle_refused', `the bundle head does not work: ${why}`);
}
