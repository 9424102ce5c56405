import { systemClock } from '../../base/clock.ts';
import { CliError } from '../cli-error.ts';
import { type Command, flag, textOption } from '../command.ts';
import { preparedPublishing } from '../control-plane-publishing.ts';
import { KEYS_OPTION, PASSPHRASES_OPTION } from '../signing-keys.ts';
import { DATABASE_OPTION, required } from './control-plane-database.ts';

const DEFAULT_PORT = 8_470;

export const controlPlaneStart: Command = {
  path: ['control-plane', 'start'],
  summary: 'serve the governance API',
  description:
    'runs in the foreground until SIGTERM or SIGINT. without a certificate it listens on this machine only. the log ' +
    'is one JSON object a line on standard error. exit code: 0 stopped, 1 it could not start.',
  options: [
    DATABASE_OPTION,
    { flags: '--host <address>', description: 'address to listen on (default: 127.0.0.1)' },
    { flags: '--port <number>', description: `port to listen on, 0 for any (default: ${DEFAULT_PORT})` },
    { flags: '--tls-cert <file>', description: 'PEM certificate chain' },
    { flags: '--tls-key <file>', description: 'PEM private key' },
    {
      flags: '--behind-tls-terminator',
      description: 'a proxy in front adds TLS: plain HTTP beyond this machine is fine',
    },
    {
      flags: '--repository <directory>',
      description: 'publish the policies of one organisation as signed bundles here, and serve them below `/tuf/`',
    },
    { flags: '--head <file>', description: 'with --repository: what the bundles say beside the policies, `org` first' },
    { ...KEYS_OPTION, description: 'with --repository: targets, snapshot and timestamp key files' },
    PASSPHRASES_OPTION,
    { flags: '--root <file>', description: 'with --repository: the first root' },
    {
      flags: '--every <duration>',
      description: 'with --repository: sign the timestamp as often as this (default: 1h)',
    },
  ],
  examples: [
    'reeve control-plane start --database /var/lib/reeve/control-plane.db',
    'reeve control-plane start --database cp.db --host 0.0.0.0 --port 443 --tls-cert chain.pem --tls-key key.pem',
    'reeve control-plane start --database cp.db --repository /srv/policy --root 1.root.json --head head.yaml --key targets.pem --key snapshot.pem --key timestamp.pem --passphrase-file /run/secrets/online',
  ],
  async run({ output, stopped }, input) {
    const certFile = textOption(input, 'tlsCert');
    const keyFile = textOption(input, 'tlsKey');
    if ((certFile === undefined) !== (keyFile === undefined)) {
      throw new CliError('usage', 'TLS needs both --tls-cert and --tls-key');
    }
    const tls = certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
    const log = (entry: object): void => output.note(JSON.stringify({ time: new Date().toISOString(), ...entry }));
    const publishing = await preparedPublishing(input, log);
    const { startControlPlane } = await import('../../control-plane/server.ts');
    const stop = stopped();
    const server = await startControlPlane({
      database: required(input, 'database'),
      host: textOption(input, 'host'),
      port: portOf(textOption(input, 'port')),
      clock: systemClock,
      log,
      tls,
      behindTlsTerminator: flag(input, 'behindTlsTerminator'),
      repository: publishing?.repository,
      onChange: publishing?.changed,
    });
    publishing?.start(server.policies);
    const tuf = publishing === null ? {} : { repository: server.url.replace(/v2$/, 'tuf') };
    output.result({ url: server.url, ...tuf }, () => [
      `serving the governance API at ${server.url}`,
      ...Object.values(tuf).map((url) => `serving the policy repository at ${url}`),
    ]);
    await stop;
    await publishing?.close();
    await server.close();
    return 0;
  },
};

function portOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  if (!/^(?:0|[1-9][0-9]{0,4})$/.test(text) || Number(text) > 65_535) {
    throw new CliError('usage', `--port must be a number within 0-65535, not \`${text}\``);
  }
  return Number(text);
}
