import { VERSION } from '../../daemon/version.ts';
import type { RepositoryReport } from '../../publisher/inspect-repository.ts';
import type { ReadPublished } from '../../publisher/verify-repository.ts';
import { counted } from '../ask-daemon.ts';
import { CliError } from '../cli-error.ts';
import {
  type CliContext,
  type Command,
  type CommandInput,
  firstArgument,
  textOption,
  textsOption,
} from '../command.ts';
import type { Output } from '../output.ts';

export const bundleVerify: Command = {
  path: ['bundle', 'verify'],
  summary: 'check a repository or a bundle as a daemon would, without touching one',
  description:
    'a repository is a directory or a URL and needs the pinned root: everything from there to the tests in its bundles is ' +
    'verified, expiry included, and warnings tell its publisher what is due. a bundle file is checked without signatures, ' +
    'or with `--public-key` for those of source `file`. exit code: 0, 1 a daemon would refuse it, or there are warnings ' +
    'and --strict.',
  arguments: [{ name: '<what>', description: 'directory, https://… or bundle file' }],
  options: [
    { flags: '--root <file>', description: 'the pinned root, as daemons have it' },
    { flags: '--target <name>', description: 'only this bundle (default: all that are listed)' },
    { flags: '--org <name>', description: 'refuse bundles of any other organisation' },
    {
      flags: '--public-key <file>',
      description: 'of a signed bundle file: one of these keys has to have signed it',
      repeatable: true,
    },
    { flags: '--ca-file <file>', description: 'for a URL: certificate authorities (PEM) to trust instead' },
    { flags: '--proxy <url>', description: 'for a URL: http(s) proxy' },
    { flags: '--strict', description: 'a warning is a failure' },
  ],
  examples: [
    'reeve bundle verify /srv/policy --root 1.root.json',
    'reeve bundle verify https://policy.example.com --root /etc/reeve/root.json --target bundle.json.gz',
    'reeve bundle verify bundle.json',
    'reeve bundle verify bundle.dsse.json --public-key targets.pem.pub',
  ],
  async run(context, input) {
    const what = firstArgument(input);
    const { statSync } = await import('node:fs');
    if (/^https?:\/\//.test(what)) return verifyUrl(context, input, what);
    if (statSync(what, { throwIfNoEntry: false })?.isDirectory() !== true) return verifyFile(context, input, what);
    const { readDirectory } = await import('../../publisher/read-published.ts');
    return verifyRepository(context, input, readDirectory(what));
  },
};

async function verifyUrl(context: CliContext, input: CommandInput, baseUrl: string): Promise<0 | 1> {
  const [{ openDownloader }, { readOverHttp }] = await Promise.all([
    import('../../http/download.ts'),
    import('../../publisher/read-published.ts'),
  ]);
  const [caFile, proxy] = [textOption(input, 'caFile'), textOption(input, 'proxy')];
  const downloader = openDownloader({
    baseUrl,
    now: () => Date.now(),
    ...(caFile === undefined ? {} : { caFile }),
    ...(proxy === undefined ? {} : { proxy }),
  });
  try {
    return await verifyRepository(context, input, readOverHttp(downloader));
  } finally {
    await downloader.close();
  }
}

async function verifyRepository({ output }: CliContext, input: CommandInput, read: ReadPublished): Promise<0 | 1> {
  const [{ inspectRepository }, { readRootFile }] = await Promise.all([
    import('../../publisher/inspect-repository.ts'),
    import('../../publisher/published-root.ts'),
  ]);
  const root = textOption(input, 'root');
  if (root === undefined) {
    throw new CliError('usage', 'a repository is verified from its pinned root', 'name it with --root FILE');
  }
  const target = textOption(input, 'target');
  const report = await inspectRepository({
    read,
    pinned: readRootFile(root),
    now: Date.now(),
    paths: target === undefined ? null : [target],
    held: null,
    org: textOption(input, 'org') ?? null,
    version: VERSION,
  });
  output.result(report, () => repositoryLines(output, report));
  return input.options['strict'] === true && report.warnings.length > 0 ? 1 : 0;
}

function repositoryLines(output: Output, { root, epoch, issued_at: at, files, bundles, warnings }: RepositoryReport) {
  return [
    `${output.paint('verified', 'green')} from root to bundle; root ${root}, epoch ${epoch}, signed at ${at}`,
    ...output.table(
      ['ROLE', 'VERSION', 'EXPIRES'],
      files.map(({ role, version, expires }) => [role, String(version), expires]),
    ),
    ...output.table(
      ['BUNDLE', 'ROLE', 'ORG', 'REVISION', 'POLICIES', 'EXPIRES'],
      bundles.map(({ path, role, org, revision, policies, expires_at: ends }) => [
        ...[path, role, org, revision, String(policies), ends],
      ]),
    ),
    ...warnings.map(({ code, message }) => `${output.paint('warning:', 'yellow')} ${message} (${code})`),
  ];
}

async function verifyFile({ output }: CliContext, input: CommandInput, path: string): Promise<0> {
  const [{ readBundleFile, envelopeSigner }, { packBundle }, { utcText }] = await Promise.all([
    import('../../publisher/bundle-file.ts'),
    import('../../publisher/pack-bundle.ts'),
    import('../../tuf/utc-time.ts'),
  ]);
  const keys = textsOption(input, 'publicKey');
  const signer = keys.length === 0 ? null : envelopeSigner(path, keys);
  const { document, form } = readBundleFile(path);
  const { bundle } = packBundle({ document, path: 'bundle.json.gz', version: VERSION, now: Date.now() });
  const org = textOption(input, 'org');
  if (org !== undefined && org !== bundle.org) {
    throw new CliError('failed', `the bundle belongs to \`${bundle.org}\`, another organisation than \`${org}\``);
  }
  const { revision, terms, policies } = bundle;
  const expires = utcText(terms.expiresAt);
  const facts = { kind: 'bundle', form, org: bundle.org, revision, expires_at: expires, policies: policies.length };
  output.result({ ...facts, signed_by: signer }, () => [
    `${output.paint('fine:', 'green')} revision ${revision} of ${bundle.org}, ${counted(policies.length, 'policy', 'policies')}, until ${expires}`,
    signer === null ? 'no signature was checked' : `signed by ${signer}`,
  ]);
  return 0;
}
