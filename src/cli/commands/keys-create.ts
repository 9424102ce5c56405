import { type Command, firstArgument, textOption } from '../command.ts';
import { newPassphrase, PASSPHRASE_OPTION } from '../passphrase.ts';

export const keysCreate: Command = {
  path: ['keys', 'create'],
  summary: 'make a signing key: a private file, encrypted, and a public one',
  description:
    'FILE holds the Ed25519 key (PKCS#8, scrypt, AES-256), `FILE.pub` what others may know. make each key on the machine ' +
    'that will use it: only the `.pub` file ever travels. exit code: 0, 1 nothing was written.',
  arguments: [{ name: '<file>', description: 'where the private key goes; nothing is written over' }],
  options: [PASSPHRASE_OPTION],
  examples: ['reeve keys create alice.pem', 'reeve keys create timestamp.pem --passphrase-file /run/secrets/timestamp'],
  async run({ output }, input) {
    const path = firstArgument(input);
    const { makeKeyFiles } = await import('../../publisher/key-file.ts');
    const part = makeKeyFiles(path, await newPassphrase(path, textOption(input, 'passphraseFile')));
    output.result({ key_id: part.id, private: path, public: `${path}.pub` }, () =>
      output.pairs([
        ['key id', part.id],
        ['private', `${path} (for this machine and its backup)`],
        ['public', `${path}.pub (for whoever assembles the root)`],
      ]),
    );
    return 0;
  },
};
