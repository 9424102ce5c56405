import { VERSION } from '../../daemon/version.ts';
import { counted } from '../ask-daemon.ts';
import { CliError } from '../cli-error.ts';
import { type Command, type CommandInput, flag, textOption, textsOption } from '../command.ts';
import { required } from './control-plane-database.ts';

export const TARGET_OPTION = {
  flags: '--target <name>',
  description: 'name of the bundle in the repository (default: bundle.json.gz)',
};
export const DEFAULT_TARGET = 'bundle.json.gz';

export const bundleBuild: Command = {
  path: ['bundle', 'build'],
  summary: 'build a bundle from a head and policy files',
  description:
    'the head (YAML or JSON) says everything but the policies: `org`, `governed`, `expires_in` or `expires_at`, and what ' +
    'else docs/bundle.md lists. a policy file holds one `Policy` object of the governance API or a list of them; without ' +
    '`id`, `name`, `org` and `updated_at` these are filled in. what the control plane or a daemon would refuse is refused. ' +
    'exit code: 0, 1 nothing was written.',
  options: [
    { flags: '--head <file>', description: 'what the bundle says beside its policies', mandatory: true },
    {
      flags: '--policies <path>',
      description: 'policy file, or a directory of them; may be repeated',
      repeatable: true,
    },
    { flags: '--empty', description: 'there is no policy on purpose: whatever is governed is denied' },
    { flags: '--revision <number>', description: 'higher than every one before' },
    { flags: '--repository <directory>', description: 'take the revision after the one that is published here' },
    TARGET_OPTION,
    { flags: '--by <name>', description: 'who changed it; shown with denials and by `reeve explain`' },
    { flags: '--reason <text>', description: 'why' },
    { flags: '--ticket <id>', description: 'where it was agreed' },
    { flags: '--output <file>', description: 'where the bundle goes (default: bundle.json)' },
  ],
  examples: [
    'reeve bundle build --head head.yaml --policies policies/ --revision 7',
    'reeve bundle build --head head.yaml --policies policies/ --repository /srv/policy --by alice --reason "mirror moved"',
  ],
  async run({ output }, input) {
    const [{ readHeadFile }, { readPolicyFiles }, { buildBundle }, { policiesFault }] = await Promise.all([
      import('../../publisher/bundle-head.ts'),
      import('../../publisher/policy-files.ts'),
      import('../../publisher/build-bundle.ts'),
      import('../../control-plane/check-policies.ts'),
    ]);
    const [{ writeAtomically }, { utcText }] = await Promise.all([
      import('../../publisher/atomic-file.ts'),
      import('../../tuf/utc-time.ts'),
    ]);
    const now = Date.now();
    const head = readHeadFile(required(input, 'head'));
    const filled = { org: head.org, updatedAt: utcText(now) };
    const policies = readPolicyFiles(textsOption(input, 'policies'), filled);
    assertMeant(policies, flag(input, 'empty'));
    const fault = policiesFault(policies);
    if (fault !== null) throw new CliError('failed', fault);
    const members = { ...head.members, ...changeOf(input, utcText(now)) };
    const revision = await revisionOf(input);
    const built = buildBundle({ head: { ...head, members }, policies, revision, now, version: VERSION });
    const path = textOption(input, 'output') ?? 'bundle.json';
    writeAtomically(path, built.document);
    const { org, terms } = built.bundle;
    const facts = { path, org, revision: String(revision), policies: policies.length, bytes: built.document.length };
    output.result({ ...facts, expires_at: utcText(terms.expiresAt) }, () => [
      `wrote ${path}: revision ${revision} of ${org}, ${counted(policies.length, 'policy', 'policies')}, until ${utcText(terms.expiresAt)}`,
    ]);
    return 0;
  },
};

/** A mistyped directory must not end in a bundle that denies everything. */
function assertMeant(policies: readonly unknown[], empty: boolean): void {
  if (empty !== policies.length > 0) return;
  if (empty) throw new CliError('usage', '--empty and --policies do not go together');
  throw new CliError('failed', 'there is no policy', 'name files with --policies, or say --empty if that is meant');
}

function changeOf(input: CommandInput, at: string): object {
  const said = (['by', 'reason', 'ticket'] as const).flatMap((name) => {
    const text = textOption(input, name);
    return text === undefined ? [] : [[name, text] as const];
  });
  return said.length === 0 ? {} : { change: { at, ...Object.fromEntries(said) } };
}

async function revisionOf(input: CommandInput): Promise<number> {
  const [given, repository] = [textOption(input, 'revision'), textOption(input, 'repository')];
  if (repository !== undefined && given === undefined) {
    const { nextRevision } = await import('../../publisher/published-document.ts');
    return nextRevision(repository, textOption(input, 'target') ?? DEFAULT_TARGET);
  }
  if (given !== undefined && /^[1-9]\d{0,15}$/.test(given) && Number.isSafeInteger(Number(given))) return Number(given);
  const message = given === undefined ? 'the bundle needs a revision' : `\`${given}\` is no revision`;
  throw new CliError(
    'usage',
    message,
    '--revision NUMBER says it, a whole number from 1 on',
    '--repository DIRECTORY takes the one after what is published there',
  );
}
