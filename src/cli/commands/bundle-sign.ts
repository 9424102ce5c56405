import { VERSION } from '../../daemon/version.ts';
import { CliError } from '../cli-error.ts';
import { type Command, firstArgument, textOption } from '../command.ts';
import { KEYS_OPTION, openKeys, PASSPHRASES_OPTION } from '../signing-keys.ts';

export const bundleSign: Command = {
  path: ['bundle', 'sign'],
  summary: 'put a bundle into a signed envelope, for source `file`',
  description:
    'for bundles that device management puts onto machines (`source.public_keys`); a repository has signatures of its ' +
    'own. the envelope is DSSE with Ed25519. exit code: 0, 1 nothing was written.',
  arguments: [{ name: '<bundle>', description: 'what `reeve bundle build` wrote' }],
  options: [
    { ...KEYS_OPTION, description: 'private key file', mandatory: true },
    PASSPHRASES_OPTION,
    { flags: '--output <file>', description: 'where the envelope goes (default: beside it, as `bundle.dsse.json`)' },
  ],
  examples: ['reeve bundle sign bundle.json --key device-management.pem'],
  async run({ output }, input) {
    const [{ readBundleFile, envelopeOf }, { packBundle }, { writeAtomically }] = await Promise.all([
      import('../../publisher/bundle-file.ts'),
      import('../../publisher/pack-bundle.ts'),
      import('../../publisher/atomic-file.ts'),
    ]);
    const path = firstArgument(input);
    const { document } = readBundleFile(path);
    // what no daemon would take is not worth a signature
    const { bundle } = packBundle({ document, path: 'bundle.json.gz', version: VERSION, now: Date.now() });
    const [key, ...others] = await openKeys(input);
    if (key === undefined || others.length > 0) throw new CliError('usage', 'an envelope is signed with one key');
    const envelope = textOption(input, 'output') ?? `${path.replace(/\.json$/, '')}.dsse.json`;
    writeAtomically(envelope, envelopeOf(document, key));
    output.result({ path: envelope, org: bundle.org, revision: bundle.revision }, () => [
      `wrote ${envelope}: revision ${bundle.revision} of ${bundle.org}, signed`,
    ]);
    return 0;
  },
};
