import { CEREMONY_OPTIONS, readSubject } from '../ceremony.ts';
import { CliError } from '../cli-error.ts';
import { type Command, firstArgument, textOption } from '../command.ts';
import { PASSPHRASE_OPTION, passphrase } from '../passphrase.ts';
import { shortId } from '../root-lines.ts';
import { required } from './control-plane-database.ts';

export const keysSign: Command = {
  path: ['keys', 'sign'],
  summary: 'sign a root or targets with one key: unsigned file in, detached signature out',
  description:
    'shows what is signed; compare `content` with what the other signers see before entering the passphrase. the ' +
    'signature goes into `FILE.KEY.sig`, which may travel. `N.targets.json`, a draft that `bundle publish --draft FILE` has ' +
    'made, is signed in the same way and needs --root. exit code: 0, 1 nothing was signed.',
  arguments: [{ name: '<file>', description: 'root or targets, signed by others already or not' }],
  options: [
    { flags: '--key <file>', description: 'private key file', mandatory: true },
    PASSPHRASE_OPTION,
    ...CEREMONY_OPTIONS,
  ],
  examples: [
    'reeve keys sign 1.root.json --key alice.pem',
    'reeve keys sign 7.targets.json --root 1.root.json --key t1.pem',
  ],
  async run({ output }, input) {
    const { path, document, report, lines, faultOf } = await readSubject(firstArgument(input), input);
    // before the passphrase is asked for
    if (!output.json) output.result(null, () => lines(output, report));
    const [{ openKeyFile, readEncryptedKey }, { signaturePath }, { writeAtomically }, { signatureOf }] =
      await Promise.all([
        import('../../publisher/key-file.ts'),
        import('../../publisher/metadata-file.ts'),
        import('../../publisher/atomic-file.ts'),
        import('../../tuf/sign.ts'),
      ]);
    const keyFile = required(input, 'key');
    readEncryptedKey(keyFile);
    const { key } = openKeyFile(keyFile, await passphrase(keyFile, textOption(input, 'passphraseFile')));
    const signature = signatureOf(document.signed, key);
    const fault = faultOf(signature);
    if (fault !== null) {
      throw new CliError('failed', `the signature of \`${keyFile}\` ${fault}: it would count for nothing`);
    }
    const signed = signaturePath(path, signature);
    writeAtomically(signed, Buffer.from(`${JSON.stringify(signature)}\n`));
    output.result({ signature: signed, key_id: signature.keyid, content_sha256: report.content_sha256 }, () => [
      `signed with ${shortId(signature.keyid)}: ${signed}`,
    ]);
    return 0;
  },
};

export const keysAssemble: Command = {
  path: ['keys', 'assemble'],
  summary: 'put signatures into a root or targets once there are enough',
  description:
    'checks each signature, and the whole as a daemon does. the file is replaced by the signed one; with too few ' +
    'signatures it stays as it is. `N.targets.json` needs --root. exit code: 0, 1 signatures are missing or wrong.',
  arguments: [
    { name: '<file>', description: 'root or targets without signatures' },
    { name: '<signature...>', description: 'what `reeve keys sign` wrote' },
  ],
  options: CEREMONY_OPTIONS,
  examples: [
    'reeve keys assemble 1.root.json 1.root.json.3f9c2b1a.sig 1.root.json.77aa01cd.sig',
    'reeve keys assemble 7.targets.json 7.targets.json.*.sig --root 1.root.json',
  ],
  async run({ output }, input) {
    const { path, lines, assemble } = await readSubject(firstArgument(input), input);
    const report = assemble(input.args.slice(1));
    output.result({ path, ...report }, () => [
      ...lines(output, report),
      ...(report.complete
        ? [`wrote ${path}`]
        : [`${path} stays unsigned: let those keys sign with \`reeve keys sign\`, then assemble all signatures`]),
    ]);
    return report.complete ? 0 : 1;
  },
};

export const keysShow: Command = {
  path: ['keys', 'show'],
  summary: 'show what a root says, who has signed it, and its digests',
  description:
    'everything a third party needs to compare with the printed protocol of a ceremony. exit code: 0, 1 it is no root ' +
    'or its signatures do not suffice.',
  arguments: [{ name: '<file>', description: 'root or targets, signed or not' }],
  options: CEREMONY_OPTIONS,
  examples: ['reeve keys show 1.root.json', 'reeve keys show 2.root.json --previous 1.root.json --json'],
  async run({ output }, input) {
    const { report, lines } = await readSubject(firstArgument(input), input);
    output.result(report, () => lines(output, report));
    const bad = 'bad_signatures' in report ? report.bad_signatures.length : 0;
    return report.complete && bad === 0 ? 0 : 1;
  },
};
