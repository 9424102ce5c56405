import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/coded-error.ts';
import { VERSION } from '../daemon/version.ts';
import { type BridgeOptions, bridgeOnce, runBridge } from '../publisher/bridge-service.ts';
import { readHeadFile } from '../publisher/bundle-head.ts';
import { RESIGN_EVERY_MS } from '../publisher/expiries.ts';
import type { PublicationReport } from '../publisher/publication-report.ts';
import { publish } from '../publisher/publish.ts';
import { readRootFile } from '../publisher/published-root.ts';
import { createRegular } from '../publisher/regular.ts';
import { watchStaged } from '../publisher/staged-files.ts';
import { CliError, type ExitCode } from './cli-error.ts';
import { type CliContext, type CommandInput, textOption, textsOption } from './command.ts';
import { required } from './commands/control-plane-database.ts';
import { durationMs } from './duration.ts';
import type { Output } from './output.ts';
import { publicationOf } from './publication-change.ts';
import { publicationLines } from './publication-lines.ts';
import { openKeys } from './signing-keys.ts';

/** Signs anew until the process is stopped; what the command line wants published is published first. */
export async function publishRepeatedly(
  { output, stopped }: CliContext,
  input: CommandInput,
  everyMs: number,
): Promise<ExitCode> {
  const stop = stopped();
  const first = { ...(await publicationOf(input)), resignEveryMs: everyMs };
  tell(output, await publish(first));
  const { repository, keys } = first;
  const regular = createRegular({
    clock: systemClock,
    everyMs,
    run: async () => tell(output, await publish({ repository, keys, resignEveryMs: everyMs, now: systemClock.now() })),
    onTrouble: (error) => output.note(`not published, tried again before long: ${messageOf(error)}`),
  });
  regular.start('later');
  const endWatch = watchStaged(repository, systemClock, regular.changed);
  await stop;
  endWatch();
  await regular.close();
  return 0;
}

/** The bridge: one look, or until the process is stopped. */
export async function publishFromGovernance(
  { output, stopped }: CliContext,
  input: CommandInput,
  everyMs: number | undefined,
): Promise<ExitCode> {
  const options = await bridgeOptions(input, everyMs);
  if (everyMs === undefined) return once(output, options);
  const stop = stopped();
  await runBridge(
    options,
    {
      onReport: (report) => tell(output, report),
      onTrouble: (error) =>
        output.note(error === null ? 'the server answers again' : `${error.message} (${error.code})`),
      onFailure: (error) => output.note(`not published, tried again before long: ${messageOf(error)}`),
    },
    stop,
  );
  return 0;
}

async function once(output: Output, options: BridgeOptions): Promise<ExitCode> {
  const { synced, report } = await bridgeOnce(options);
  if (synced.kind === 'failed') {
    throw new CliError('failed', `${synced.failure.message} (${synced.failure.code})`, 'what is published stays');
  }
  if (report === null) {
    output.result({ result: 'waiting' }, () => [
      'the server lists no policy: that is believed once another run says so, at least a minute from now',
    ]);
    return 0;
  }
  const held = synced.heldPolicies;
  output.result({ ...report, held_policies: held }, () => [
    ...publicationLines(output, report),
    ...held.map((id) => `kept ${id}: the server no longer lists it, which another run has to confirm`),
  ]);
  return 0;
}

async function bridgeOptions(input: CommandInput, everyMs: number | undefined): Promise<BridgeOptions> {
  const head = readHeadFile(needed(input, 'head', '--head'));
  const [caFile, proxy, poll] = [textOption(input, 'caFile'), textOption(input, 'proxy'), textOption(input, 'poll')];
  return {
    clock: systemClock,
    config: {
      baseUrl: needed(input, 'baseUrl', '--base-url'),
      org: head.org,
      credentialFile: needed(input, 'credentialFile', '--credential-file'),
      ignoreMembers: textsOption(input, 'ignoreMember'),
      ...(caFile === undefined ? {} : { caFile }),
      ...(proxy === undefined ? {} : { proxy }),
      ...(poll === undefined ? {} : { intervalMs: durationMs('--poll', poll) }),
    },
    outlet: {
      repository: required(input, 'repository'),
      path: textOption(input, 'target') ?? 'bundle.json.gz',
      keys: await openKeys(input),
      head,
      resignEveryMs: everyMs ?? RESIGN_EVERY_MS,
      version: VERSION,
      ...rootOf(input),
    },
  };
}

function rootOf(input: CommandInput): { readonly root?: Uint8Array } {
  const path = textOption(input, 'root');
  return path === undefined ? {} : { root: readRootFile(path) };
}

function needed(input: CommandInput, name: string, flags: string): string {
  const value = textOption(input, name);
  if (value === undefined) throw new CliError('usage', `--from governance needs ${flags}`);
  return value;
}

/** One report after the other, each a line of its own for programs. */
function tell(output: Output, report: PublicationReport): void {
  output.result({ at: new Date().toISOString(), ...report }, () => publicationLines(output, report));
}
