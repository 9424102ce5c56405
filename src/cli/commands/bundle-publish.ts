import { CliError } from '../cli-error.ts';
import { type CliContext, type Command, type CommandInput, flag, textOption } from '../command.ts';
import { durationMs } from '../duration.ts';
import { publicationLines } from '../publication-lines.ts';
import { KEYS_OPTION, PASSPHRASES_OPTION } from '../signing-keys.ts';
import { TARGET_OPTION } from './bundle-build.ts';
import { required } from './control-plane-database.ts';

export const bundlePublish: Command = {
  path: ['bundle', 'publish'],
  summary: 'publish a bundle into a static repository that any web server can serve',
  description:
    'signs with the keys that are given, checks the result as a daemon would, and leads machines to it last: a run that ' +
    'breaks off anywhere harms nobody. with the targets key alone the bundle is staged, and whoever has the snapshot and ' +
    'timestamp keys publishes it with --refresh. docs/publishing.md shows the whole way. exit code: 0, 1 nothing changed for ' +
    'machines.',
  arguments: [{ name: '[bundle]', description: 'what `reeve bundle build` wrote' }],
  options: [
    { flags: '--repository <directory>', description: 'the repository; made if it is not there', mandatory: true },
    KEYS_OPTION,
    PASSPHRASES_OPTION,
    { flags: '--root <file>', description: 'the first root, or the next one, which is published with the rest' },
    TARGET_OPTION,
    { flags: '--team <name>', description: 'publish as this team, as `NAME/bundle.json.gz`, with the team’s key' },
    {
      flags: '--add-team <name=file>',
      description: 'let a team sign its own bundles with this public key (`.pub`); may be repeated, also for one team',
      repeatable: true,
    },
    { flags: '--remove-team <name>', description: 'no longer lead machines to this team’s bundles', repeatable: true },
    {
      flags: '--draft <file>',
      description: 'put the bundle in its place, and write what the targets keys have to sign, each on its own machine',
    },
    { flags: '--signed <file>', description: 'publish such a draft once `reeve keys assemble` has completed it' },
    { flags: '--refresh', description: 'sign the timestamp anew, and the snapshot where it is due' },
    { flags: '--every <duration>', description: 'stay, and do so as often as this, such as `1h`' },
    { flags: '--from <source>', description: '`governance`: publish what a governance API lists, whenever it changes' },
    { flags: '--head <file>', description: 'with --from: what the bundles say beside the policies' },
    { flags: '--base-url <url>', description: 'with --from: of the API, such as `https://policy.example.com/v2`' },
    { flags: '--credential-file <file>', description: 'with --from: `{"identifier": …, "secret": …}`, mode 0600' },
    { flags: '--poll <duration>', description: 'with --from and --every: time between two looks (default: 2m)' },
    { flags: '--ca-file <file>', description: 'with --from: certificate authorities (PEM) to trust instead' },
    { flags: '--proxy <url>', description: 'with --from: http(s) proxy' },
    { flags: '--ignore-member <name>', description: 'with --from: drop this member of policies', repeatable: true },
  ],
  examples: [
    'reeve bundle publish bundle.json --repository /srv/policy --root 1.root.json --key targets.pem --key snapshot.pem --key timestamp.pem',
    'reeve bundle publish bundle.json --repository /srv/policy --key targets.pem',
    'reeve bundle publish --repository /srv/policy --refresh --every 1h --key snapshot.pem --key timestamp.pem --passphrase-file /run/secrets/online',
    'reeve bundle publish --repository /srv/policy --from governance --base-url https://policy.example.com/v2 --head head.yaml --credential-file bridge.json --every 1h --key targets.pem --key snapshot.pem --key timestamp.pem',
  ],
  async run(context, input) {
    assertOneWay(input);
    const every = textOption(input, 'every');
    const everyMs = every === undefined ? undefined : durationMs('--every', every);
    const { publishFromGovernance, publishRepeatedly } = await import('../publish-repeatedly.ts');
    if (textOption(input, 'from') !== undefined) return publishFromGovernance(context, input, everyMs);
    if (everyMs !== undefined) return publishRepeatedly(context, input, everyMs);
    const draft = textOption(input, 'draft');
    if (draft !== undefined) return writeDraft(context, input, draft);
    const [{ publish }, { publicationOf }] = await Promise.all([
      import('../../publisher/publish.ts'),
      import('../publication-change.ts'),
    ]);
    const report = await publish(await publicationOf(input));
    context.output.result(report, () => publicationLines(context.output, report));
    return 0;
  },
};

const WAYS = 'name a bundle, or give --refresh, --root, --signed, --add-team, --remove-team or --from governance';
/** By commander's names. */
const OF_BRIDGE = ['head', 'baseUrl', 'credentialFile', 'poll', 'caFile', 'proxy', 'ignoreMember'];
const NOT_OF_BRIDGE = ['team', 'addTeam', 'removeTeam', 'draft', 'signed'];

function assertOneWay(input: CommandInput): void {
  const from = textOption(input, 'from');
  if (from !== undefined && from !== 'governance') {
    throw new CliError('usage', `--from takes \`governance\`, not \`${from}\``);
  }
  const strange = (from === undefined ? OF_BRIDGE : NOT_OF_BRIDGE).find((name) => input.options[name] !== undefined);
  if (strange !== undefined) {
    const flags = `--${strange.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new CliError(
      'usage',
      `${flags} ${from === undefined ? 'goes with --from governance' : 'and --from do not go together'}`,
    );
  }
  const [bundle] = input.args;
  if (from !== undefined && bundle !== undefined) throw new CliError('usage', 'a bundle and --from do not go together');
  const ways = ['root', 'from', 'every', 'signed', 'addTeam', 'removeTeam'];
  if (bundle !== undefined || ways.some((name) => input.options[name] !== undefined) || flag(input, 'refresh')) return;
  throw new CliError('usage', 'there is nothing to publish', WAYS);
}

async function writeDraft({ output }: CliContext, input: CommandInput, path: string): Promise<0> {
  const [{ changeOf }, { draftTargets }, { writeOnce }, { metadataBytes }] = await Promise.all([
    import('../publication-change.ts'),
    import('../../publisher/publish.ts'),
    import('../../publisher/new-file.ts'),
    import('../../tuf/metadata-text.ts'),
  ]);
  const now = Date.now();
  const change = changeOf(input, now);
  if (change === null || textOption(input, 'team') !== undefined) {
    throw new CliError('usage', '--draft is for a bundle or a team that the targets keys sign');
  }
  const draft = await draftTargets(required(input, 'repository'), change, now);
  if (draft === null) {
    throw new CliError('failed', 'nothing is new, so there is nothing to sign', 'name a bundle with a higher revision');
  }
  writeOnce(path, metadataBytes(draft.document), 0o644);
  output.result({ path, version: draft.version }, () => [
    `wrote ${path}: version ${draft.version} of \`targets\`, to be signed with \`reeve keys sign\``,
  ]);
  return 0;
}
