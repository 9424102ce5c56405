import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '../../base/coded-error.ts';
import { shown } from '../../base/shown.ts';
import { CliError, type ExitCode } from '../cli-error.ts';
import { type CliContext, type Command, type CommandInput, flag, textOption } from '../command.ts';
import { configurationPlace } from '../daemon-configuration.ts';
import { dropStaged, type NewFile, placeFile, stageFiles } from '../init-files.ts';
import { type InitPlan, isPlanned, PLAN_OPTIONS, planOf } from '../init-plan.ts';
import { askPlan } from '../init-questions.ts';
import { pinnedRoot } from '../init-root.ts';
import { initText } from '../init-text.ts';
import { type Tried, triedLines, tryConfiguration } from '../init-try.ts';
import type { Output } from '../output.ts';
import { Prompt } from '../prompt.ts';

export const init: Command = {
  path: ['init'],
  summary: 'set this machine up: join an organisation, or choose a preset',
  description:
    'on a terminal and without options it asks; options say everything else. writes a configuration with comments (for root ' +
    '/etc/reeve/reeve.yaml, else ~/.config/reeve/reeve.yaml), reads it back as the daemon would, and fetches the policy once ' +
    'to see that it arrives, without changing what serves. nothing is left behind if that cannot be read. a secret is never ' +
    'an option: it is typed, or in a file. at the end it offers to install the service. exit code: 0, 1 nothing was written, or the policy did not arrive.',
  options: [
    ...PLAN_OPTIONS,
    { flags: '--config <file>', description: 'where the configuration goes' },
    { flags: '--replace', description: 'write a new one where there is one already; the old one is kept beside it' },
    { flags: '--no-try', description: 'do not fetch the policy' },
    { flags: '--service', description: 'install the service, too, as `reeve service install` does' },
    { flags: '--dry-run', description: 'show the configuration and write nothing' },
  ],
  examples: [
    'sudo reeve init',
    'reeve init --preset balanced',
    'sudo reeve init --tuf https://policy.example.com --org example --root 1.root.json --service',
    'sudo reeve init --governance https://policy.example.com/v2 --org example --credential-file credential.json',
  ],
  async run(context, input) {
    const file = configurationFileOf(context, input);
    const replace = flag(input, 'replace');
    if (context.output.json && flag(input, 'service')) throw twoResults();
    // before anybody has answered ten questions
    if (!replace && !flag(input, 'dryRun') && existsSync(file)) throw exists(file);
    const prompt = isPlanned(input) ? null : promptOf(context);
    try {
      const plan = prompt === null ? planOf(input, context.cwd) : await askPlan(prompt, context.cwd);
      const files = await filesOf(plan, file);
      if (flag(input, 'dryRun')) return showOnly(context, files);
      if (prompt !== null) await agree(prompt, context, files);
      const code = await establish(context, { files, file, replace, fetching: input.options['try'] !== false });
      return (await wantsService(context, input, prompt)) ? await withService(context, file, code) : code;
    } finally {
      prompt?.close();
    }
  },
};

const SERVICE_QUESTION = 'Have the daemon started from now on without being asked?';

/** Whoever answers nothing more has said what had to be said: by now everything is written. */
async function wantsService({ output }: CliContext, input: CommandInput, prompt: Prompt | null): Promise<boolean> {
  if (flag(input, 'service')) return true;
  if (prompt === null || output.json) return false;
  try {
    return await prompt.confirm(SERVICE_QUESTION, 'y');
  } catch (error) {
    if (error instanceof CliError) return false;
    throw error;
  }
}

/** Behind a configuration that is in place: what fails here leaves that as it is. */
async function withService(context: CliContext, file: string, code: 0 | 1): Promise<ExitCode> {
  const { serviceInstall } = await import('./service-install.ts');
  const installed = await serviceInstall.run(context, { args: [], options: { config: file } });
  return installed === 0 ? code : installed;
}

function twoResults(): CliError {
  return new CliError(
    'usage',
    '`--json` is one result',
    'run `reeve service install --json` behind this, without --service',
  );
}

function configurationFileOf({ cwd }: CliContext, input: CommandInput): string {
  const named = textOption(input, 'config');
  if (named !== undefined) return resolve(cwd, named);
  const place = process.geteuid?.() === 0 ? '/etc/reeve/reeve.yaml' : configurationPlace();
  if (place !== null) return place;
  throw new CliError('usage', 'this user has no home', 'name the configuration with --config FILE');
}

function exists(file: string): CliError {
  const hint = 'say `--replace` to keep it under another name and write a new one';
  return new CliError('failed', `there is a ${shown(file)} already`, hint, 'see what it does with `reeve doctor`');
}

function promptOf({ output, stdin }: CliContext): Prompt {
  if ('isTTY' in stdin && stdin.isTTY === true) return new Prompt(output, stdin);
  throw new CliError(
    'usage',
    'there is no terminal to ask',
    'say what this machine is to become with options: see --help',
  );
}

/** All files of a plan; the configuration is the last. */
async function filesOf(plan: InitPlan, file: string): Promise<readonly NewFile[]> {
  const { source } = plan;
  const beside = (name: string): string => join(dirname(file), name);
  const typed = source?.type === 'governance' && source.credential.kind === 'typed' ? source.credential : null;
  const given = source?.type === 'governance' && source.credential.kind === 'file' ? source.credential.path : null;
  const root = source?.type === 'tuf' ? await pinnedRoot(plan, source.root, source.baseUrl) : null;
  const credential = typed === null ? given : beside('credential.json');
  const places = { credential, root: root === null ? null : beside('root.json') };
  const secret = typed === null ? null : { identifier: typed.identifier, secret: typed.secret };
  return [
    ...(secret === null
      ? []
      : [{ path: beside('credential.json'), bytes: `${JSON.stringify(secret)}\n`, mode: 0o600 }]),
    ...(root === null ? [] : [{ path: beside('root.json'), bytes: root, mode: 0o644 }]),
    { path: file, bytes: initText(plan, places, new Date().toISOString().slice(0, 10)), mode: 0o644 },
  ];
}

function configurationIn(files: readonly NewFile[]): string {
  return String(files.at(-1)?.bytes ?? '');
}

function showOnly({ output }: CliContext, files: readonly NewFile[]): 0 {
  const text = configurationIn(files);
  const shownFiles = files.map(({ path, mode }) => ({ path, mode: mode.toString(8) }));
  output.result({ files: shownFiles, configuration: text, written: false }, () => [
    ...files.map(({ path, mode }) => `# would be written: ${path} (mode 0${mode.toString(8)})`),
    text.trimEnd(),
  ]);
  return 0;
}

async function agree(prompt: Prompt, { output }: CliContext, files: readonly NewFile[]): Promise<void> {
  for (const line of configurationIn(files).trimEnd().split('\n')) output.note(`  ${line}`);
  for (const { path, mode } of files) output.note(`to be written: ${path} (mode 0${mode.toString(8)})`);
  if (!(await prompt.confirm('Write this?', 'y'))) throw new CliError('failed', 'nothing was written');
}

interface Establishing {
  readonly files: readonly NewFile[];
  readonly file: string;
  readonly replace: boolean;
  readonly fetching: boolean;
}

/** What the configuration names is put in place first, then it is read as the daemon would; a broken one never gets there. */
async function establish({ output, beforeEnd }: CliContext, establishing: Establishing): Promise<0 | 1> {
  const { files, file, replace, fetching } = establishing;
  const staging = stageFiles(files, process.geteuid?.() === 0 ? 0o755 : 0o700);
  const { files: staged } = staging;
  const stamp = new Date().toISOString().replaceAll(/[:-]/g, '').slice(0, 15);
  const replacing = { replace, kept: (path: string) => `${path}.before-${stamp}` };
  const undo: (() => void)[] = [];
  const takeBack = (): void => {
    for (const step of undo.toReversed()) step();
  };
  const settled = beforeEnd(() => {
    takeBack();
    dropStaged(staging);
  });
  try {
    for (const one of staged.filter(({ path }) => path !== file)) undo.push(placeFile(one, replacing));
    const tried = await tryConfiguration(staged, file, { fetching, beforeEnd });
    for (const one of staged.filter(({ path }) => path === file)) undo.push(placeFile(one, replacing));
    report(output, files, tried);
    return tried?.kind === 'failed' ? 1 : 0;
  } catch (error) {
    takeBack();
    throw error instanceof CliError ? error : new CliError('failed', messageOf(error), 'nothing was written');
  } finally {
    settled();
    dropStaged(staging);
  }
}

const NEXT = [
  `\`reeve service install\` has it started ${process.geteuid?.() === 0 ? 'with the machine' : 'when you log in'}`,
  '`reeve doctor` tries everything once it runs',
];

function report(output: Output, files: readonly NewFile[], tried: Tried | null): void {
  const written = files.map(({ path }) => path);
  output.result({ written, tried, next: NEXT }, () => [
    ...written.map((path) => `wrote ${path}`),
    ...triedLines(output, tried),
    ...NEXT.map((line) => `next: ${line}`),
  ]);
}
