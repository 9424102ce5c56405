import { CliError } from '../cli-error.ts';
import { type Command, type CommandInput, firstArgument, textsOption } from '../command.ts';
import { DAYS_OPTION, daysOption, wholeOption } from '../key-options.ts';
import { rootLines } from '../root-lines.ts';

const PUB = 'public key file (`.pub`)';

export const keysInit: Command = {
  path: ['keys', 'init'],
  summary: 'assemble the first root, unsigned, from public keys',
  description:
    'needs no private key. the result is a draft: `reeve keys add`, `remove` and `rotate` may still change it, then each ' +
    'root key holder signs it with `reeve keys sign`. exit code: 0, 1 nothing was written.',
  arguments: [{ name: '<file>', description: 'where the draft goes, such as `1.root.json`' }],
  options: [
    {
      flags: '--root <file>',
      description: `${PUB} of a root key, kept offline; three of them`,
      mandatory: true,
      repeatable: true,
    },
    { flags: '--root-threshold <count>', description: 'how many root keys have to sign (default: 2)' },
    {
      flags: '--targets <file>',
      description: `${PUB} that signs bundles; may be repeated`,
      mandatory: true,
      repeatable: true,
    },
    { flags: '--targets-threshold <count>', description: 'how many of these have to sign (default: 1)' },
    { flags: '--snapshot <file>', description: `${PUB}, online; may be repeated`, mandatory: true, repeatable: true },
    { flags: '--timestamp <file>', description: `${PUB}, online; may be repeated`, mandatory: true, repeatable: true },
    DAYS_OPTION,
  ],
  examples: [
    'reeve keys init 1.root.json --root alice.pem.pub --root bob.pem.pub --root carol.pem.pub --targets targets.pem.pub --snapshot snapshot.pem.pub --timestamp timestamp.pem.pub',
  ],
  async run({ output }, input) {
    const [{ draftOf }, { rootExpiry }, { rootReport }, { writeOnce }, { metadataBytes }] = await Promise.all([
      import('../../publisher/root-file.ts'),
      import('../../publisher/root-change.ts'),
      import('../../publisher/root-report.ts'),
      import('../../publisher/new-file.ts'),
      import('../../tuf/metadata-text.ts'),
    ]);
    const path = firstArgument(input);
    const expires = rootExpiry(Date.now(), daysOption(input));
    const document = draftOf({ version: 1, expires, roles: await rolesOf(input), revoked: [] });
    const report = rootReport(document, null);
    writeOnce(path, metadataBytes(document), 0o644);
    output.result({ path, ...report }, () => [...rootLines(output, report), `wrote ${path}`]);
    return 0;
  },
};

async function rolesOf(input: CommandInput) {
  const { readPublicFile } = await import('../../publisher/key-file.ts');
  const keys = (name: string) => textsOption(input, name).map(readPublicFile);
  const root = keys('root');
  const threshold = wholeOption(input, 'rootThreshold', '--root-threshold') ?? 2;
  if (root.length < threshold) {
    throw new CliError(
      'usage',
      `${threshold} root keys have to sign and ${root.length} were given`,
      'three people with a key each, two of whom sign, survive the loss of one',
    );
  }
  return {
    root: { keys: root, threshold },
    targets: { keys: keys('targets'), threshold: wholeOption(input, 'targetsThreshold', '--targets-threshold') ?? 1 },
    snapshot: { keys: keys('snapshot'), threshold: 1 },
    timestamp: { keys: keys('timestamp'), threshold: 1 },
  };
}
