import type { Credential } from '../../control-plane/credentials.ts';
import { CliError } from '../cli-error.ts';
import { type Command, firstArgument, textOption, textsOption } from '../command.ts';
import {
  DATABASE_OPTION,
  EXISTING_DATABASE_OPTION,
  ORG_OPTION,
  required,
  withDatabase,
  withExistingDatabase,
} from './control-plane-database.ts';

export const credentialCreate: Command = {
  path: ['control-plane', 'credential', 'create'],
  summary: 'create a credential; its secret is shown once',
  description:
    'with --json it prints the content of the credential file that a daemon’s `source.credential_file` names.',
  options: [
    DATABASE_OPTION,
    ORG_OPTION,
    {
      flags: '--kind <kind>',
      description: 'admin manages policies, machine only reads them',
      mandatory: true,
      choices: ['admin', 'machine'],
    },
    { flags: '--identifier <name>', description: 'what its holder signs in with', mandatory: true },
    { flags: '--team <id>', description: 'a team of its holder, recorded with it; may be repeated', repeatable: true },
  ],
  examples: [
    'reeve control-plane credential create --database cp.db --org example --kind admin --identifier alice',
    '(umask 077; reeve control-plane credential create --database cp.db --org example --kind machine --identifier fleet --json > credential.json)',
  ],
  async run({ output }, input) {
    const kind = required(input, 'kind');
    if (kind !== 'admin' && kind !== 'machine') {
      throw new CliError('usage', `--kind must be admin or machine, not \`${kind}\``);
    }
    const { createCredential } = await import('../../control-plane/credentials.ts');
    const wanted = { org: required(input, 'org'), kind, identifier: required(input, 'identifier') } as const;
    const teams = textsOption(input, 'team');
    const { credential, secret } = await withDatabase(input, (database) =>
      createCredential(database, { ...wanted, teams }),
    );
    output.result({ identifier: credential.identifier, secret }, () => [
      ...output.pairs([
        ['identifier', credential.identifier],
        ['secret', secret],
      ]),
      'the secret is not kept: store it now',
    ]);
    return 0;
  },
};

export const credentialLs: Command = {
  path: ['control-plane', 'credential', 'ls'],
  summary: 'list credentials, without their secrets',
  options: [EXISTING_DATABASE_OPTION, { flags: '--org <name>', description: 'only those of this organisation' }],
  examples: ['reeve control-plane credential ls --database cp.db'],
  async run({ output }, input) {
    const { listCredentials } = await import('../../control-plane/credentials.ts');
    const credentials = await withExistingDatabase(input, (database) =>
      listCredentials(database, textOption(input, 'org')),
    );
    output.result(credentials.map(shown), () => {
      if (credentials.length === 0) return ['no credentials'];
      const rows = credentials.map(({ identifier, org, kind, teams, createdAt, revokedAt }) => [
        identifier,
        org,
        kind,
        teams.join(','),
        createdAt,
        revokedAt === null ? 'in force' : `revoked ${revokedAt}`,
      ]);
      return output.table(['IDENTIFIER', 'ORG', 'KIND', 'TEAMS', 'CREATED', 'STATUS'], rows);
    });
    return 0;
  },
};

export const credentialRevoke: Command = {
  path: ['control-plane', 'credential', 'revoke'],
  summary: 'end a credential at once',
  arguments: [{ name: '<identifier>', description: 'of a credential in force' }],
  options: [EXISTING_DATABASE_OPTION],
  examples: ['reeve control-plane credential revoke alice --database cp.db'],
  async run({ output }, input) {
    const { revokeCredential } = await import('../../control-plane/credentials.ts');
    const revoked = await withExistingDatabase(input, (database) => revokeCredential(database, firstArgument(input)));
    output.result(shown(revoked), () => [`revoked ${revoked.identifier}`]);
    return 0;
  },
};

/** A credential for programs, named as everything on the wire is. */
function shown({ createdAt, revokedAt, ...rest }: Credential): Readonly<Record<string, unknown>> {
  return { ...rest, created_at: createdAt, revoked_at: revokedAt };
}
