import type { RootChange } from '../../publisher/root-change.ts';
import type { RootDocument } from '../../publisher/root-document.ts';
import { CliError } from '../cli-error.ts';
import {
  type CliContext,
  type Command,
  type CommandInput,
  firstArgument,
  type OptionSpec,
  textOption,
} from '../command.ts';
import { DAYS_OPTION, daysOption, wholeOption } from '../key-options.ts';
import { rootLines } from '../root-lines.ts';
import { required } from './control-plane-database.ts';

const ROOT_ARGUMENT = { name: '<root>', description: 'the newest root; a draft is changed where it lies' };
const KEY_ID: OptionSpec = { flags: '--key <id>', description: 'id of the key, 8 characters or more', mandatory: true };
const THRESHOLD: OptionSpec = {
  flags: '--threshold <count>',
  description: 'how many keys of the role have to sign from now on',
};
const NEXT =
  'writes the next root beside it, unsigned: `2.root.json` beside `1.root.json`. it counts once the keys of both have ' +
  'signed it (`reeve keys sign`, `reeve keys assemble`) and it is published. exit code: 0, 1 nothing was written.';

export const keysAdd: Command = {
  path: ['keys', 'add'],
  summary: 'make the next root with one more key',
  description: NEXT,
  arguments: [ROOT_ARGUMENT],
  options: [
    { flags: '--role <role>', description: 'root, targets, snapshot or timestamp', mandatory: true },
    { flags: '--new <file>', description: 'public key file (`.pub`)', mandatory: true },
    THRESHOLD,
    DAYS_OPTION,
  ],
  examples: ['reeve keys add 1.root.json --role targets --new second-signer.pem.pub'],
  run: (context, input) =>
    change(context, input, async () => {
      const [key, role] = [await newKey(required(input, 'new')), await roleOf(required(input, 'role'))];
      return () => ({ kind: 'add', role, key, threshold: thresholdOf(input) });
    }),
};

export const keysRemove: Command = {
  path: ['keys', 'remove'],
  summary: 'make the next root without a key that nobody needs any more',
  description: `${NEXT} a key that somebody else may have is to be revoked instead.`,
  arguments: [ROOT_ARGUMENT],
  options: [KEY_ID, THRESHOLD, DAYS_OPTION],
  examples: ['reeve keys remove 2.root.json --key 3f9c2b1a7d40'],
  run: (context, input) =>
    change(context, input, async () => {
      const id = await idReader(input);
      return (root) => ({ kind: 'remove', id: id(root), threshold: thresholdOf(input) });
    }),
};

export const keysRotate: Command = {
  path: ['keys', 'rotate'],
  summary: 'make the next root with one key in the place of another',
  description: NEXT,
  arguments: [ROOT_ARGUMENT],
  options: [
    KEY_ID,
    { flags: '--new <file>', description: 'public key file (`.pub`) of the new key', mandatory: true },
    DAYS_OPTION,
  ],
  examples: ['reeve keys rotate 1.root.json --key 3f9c2b1a7d40 --new timestamp-2.pem.pub'],
  run: (context, input) =>
    change(context, input, async () => {
      const [id, key] = [await idReader(input), await newKey(required(input, 'new'))];
      return (root) => ({ kind: 'rotate', id: id(root), key });
    }),
};

export const keysRevoke: Command = {
  path: ['keys', 'revoke'],
  summary: 'make the next root without a key that somebody else may have',
  description:
    `${NEXT} the key is named as revoked for ever: a machine that holds a bundle which needs its signature stops serving ` +
    'it, also offline, once it has seen that root. publish a bundle signed by other keys at once.',
  arguments: [ROOT_ARGUMENT],
  options: [
    KEY_ID,
    { flags: '--new <file>', description: 'public key file (`.pub`) that takes its place' },
    THRESHOLD,
    DAYS_OPTION,
  ],
  examples: ['reeve keys revoke 1.root.json --key 3f9c2b1a7d40 --new targets-2.pem.pub'],
  run: (context, input) =>
    change(context, input, async () => {
      const file = textOption(input, 'new');
      const [id, key] = [await idReader(input), file === undefined ? null : await newKey(file)];
      return (root) => ({ kind: 'revoke', id: id(root), key, threshold: thresholdOf(input) });
    }),
};

export const keysRenew: Command = {
  path: ['keys', 'renew'],
  summary: 'make the next root with the same keys and a later expiry',
  description: `${NEXT} due after nine months.`,
  arguments: [ROOT_ARGUMENT],
  options: [DAYS_OPTION],
  examples: ['reeve keys renew 3.root.json'],
  run: (context, input) => change(context, input, () => Promise.resolve(() => ({ kind: 'renew' }))),
};

async function change(
  { output }: CliContext,
  input: CommandInput,
  read: () => Promise<(root: RootDocument) => RootChange>,
): Promise<0> {
  const [{ changeRootFile, previousRoot }, { rootReport }] = await Promise.all([
    import('../../publisher/root-file.ts'),
    import('../../publisher/root-report.ts'),
  ]);
  const asked = firstArgument(input);
  const { path, document } = changeRootFile(asked, await read(), { now: Date.now(), days: daysOption(input) });
  const report = rootReport(document, previousRoot(path, document, path === asked ? undefined : asked));
  output.result({ path, ...report }, () => [...rootLines(output, report), `wrote ${path}`]);
  return 0;
}

async function newKey(file: string) {
  const { readPublicFile } = await import('../../publisher/key-file.ts');
  return readPublicFile(file);
}

async function idReader(input: CommandInput): Promise<(root: RootDocument) => string> {
  const { keyIdIn } = await import('../../publisher/root-change.ts');
  return (root) => keyIdIn(root, required(input, 'key'));
}

async function roleOf(text: string) {
  const { TOP_ROLES } = await import('../../publisher/root-document.ts');
  const role = TOP_ROLES.find((name) => name === text);
  if (role !== undefined) return role;
  throw new CliError('usage', `--role must be one of ${TOP_ROLES.join(', ')}, not \`${text}\``);
}

function thresholdOf(input: CommandInput): number | null {
  return wholeOption(input, 'threshold', '--threshold') ?? null;
}
