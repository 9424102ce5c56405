import type { Attack } from './attack.ts';

type FileAttack = Pick<Attack, 'title' | 'kind' | 'says'> & Pick<Partial<Attack>, 'heldOnly'>;

const unreadable = 'fetch file_unreadable';

const FILES: Readonly<Record<string, FileAttack>> = {
  gone: { title: 'the file is gone', kind: 'C', says: unreadable },
  empty: { title: 'the file is empty', kind: 'C', says: 'verify not_signed' },
  half: { title: 'half of the file', kind: 'C', says: 'verify not_signed' },
  'no-json': { title: 'something else than JSON', kind: 'C', says: 'verify not_signed' },
  unsigned: { title: 'a bundle without an envelope', kind: 'F', says: 'verify not_signed' },
  'no-signature': { title: 'an envelope without signatures', kind: 'F', says: 'verify not_signed' },
  'other-key': { title: 'signed by a key that is not configured', kind: 'F', says: 'verify bad_signature' },
  'other-payload': { title: 'another bundle below a good signature', kind: 'F', says: 'verify bad_signature' },
  'other-type': { title: 'a good signature of something else', kind: 'F', says: 'verify not_signed' },
  link: { title: 'a link to a good file', kind: 'F', says: unreadable },
  directory: { title: 'a directory in its place', kind: 'E', says: unreadable },
  pipe: { title: 'a pipe that nobody writes to in its place', kind: 'E', says: unreadable },
  writable: { title: 'a good file that others may write', kind: 'F', says: unreadable },
  'writable-directory': { title: 'a good file in a directory that others may write', kind: 'F', says: unreadable },
  huge: { title: 'a file of 16 GiB', kind: 'E', says: unreadable },
  older: { title: 'signed: an older revision', kind: 'acceptance', says: 'verify rollback', heldOnly: true },
  again: {
    title: 'signed: another bundle of the revision that serves',
    kind: 'C',
    says: 'verify rollback',
    heldOnly: true,
  },
  'other-org': { title: 'signed: a bundle of another organisation', kind: 'acceptance', says: 'verify other_org' },
  'unknown-member': { title: 'signed: a member that nobody knows', kind: 'A', says: 'verify unknown_member' },
  requirement: { title: 'signed: a feature that is not there', kind: 'A', says: 'verify unknown_feature' },
  'min-version': { title: 'signed: for a newer reeve', kind: 'A', says: 'verify version_too_low' },
  'failing-test': { title: 'signed: a bundle whose own test fails', kind: 'A', says: 'verify failing_test' },
  ended: { title: 'signed: a bundle that has ended', kind: 'G', says: 'verify expired_bundle' },
  duplicate: { title: 'signed: a key that comes twice', kind: 'A', says: 'verify invalid_bundle' },
  deep: { title: 'signed: 100,000 lists in one another', kind: 'E', says: 'verify invalid_bundle' },
};

/** Where the source is a signed file on this machine. */
export const FILE_ATTACKS: readonly Attack[] = Object.entries(FILES).map(([how, attack]) => ({
  ...{ id: how, ...attack },
  does: { kind: 'tampering', how },
}));
