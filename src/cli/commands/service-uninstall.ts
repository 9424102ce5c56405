import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { runCommand } from '../../service/run-command.ts';
import { planUninstall, removeState, type UninstallPlan, uninstall } from '../../service/service.ts';
import { CliError } from '../cli-error.ts';
import { type CliContext, type Command, type CommandInput, flag } from '../command.ts';
import type { Output } from '../output.ts';
import { commandLines } from '../service-lines.ts';
import { DRY_RUN_OPTION, KIND_OPTIONS, refuseWithoutRoot, servicePlacesOf } from '../service-target.ts';

/** What an uninstallation leaves. */
type StateFate = 'none' | 'kept' | 'deleted';

export const serviceUninstall: Command = {
  path: ['service', 'uninstall'],
  summary: 'stop the daemon and remove what `reeve service install` has written',
  description:
    'the state (stored policy, decision log) is deleted only if that is said: on a terminal it asks, elsewhere the state ' +
    'stays unless `--purge` is given. the configuration, with its keys and credentials, always stays. exit code: 0, 1 it failed.',
  options: [
    ...KIND_OPTIONS,
    { flags: '--purge', description: 'delete the state too, without asking' },
    { flags: '--keep-state', description: 'keep the state, without asking' },
    DRY_RUN_OPTION,
  ],
  examples: ['sudo reeve service uninstall', 'reeve service uninstall --user --keep-state'],
  async run(context, input) {
    const { output, cwd } = context;
    const places = servicePlacesOf(cwd, input);
    const dryRun = flag(input, 'dryRun');
    if (!dryRun) refuseWithoutRoot(places);
    const plan = await planUninstall(places, runCommand);
    const fate = await fateOf(context, input, plan);
    if (!dryRun) {
      await uninstall(plan, runCommand);
      if (fate !== 'kept') await removeState(plan, runCommand);
    }
    const left = [...(fate === 'kept' ? plan.state : []), ...[places.config].filter((path) => existsSync(path))];
    const removed = [...plan.remove, ...(fate === 'deleted' ? plan.state : [])];
    const commands = [...plan.before, ...plan.after, ...(fate === 'kept' ? [] : plan.forget)];
    const report = { done: !dryRun, removed, state: fate, left, commands: commands.map(({ argv }) => argv) };
    output.result(report, () => [
      ...removalLines(output, { removed, left, dryRun }),
      ...(dryRun ? commandLines(output, commands) : []),
    ]);
    return 0;
  },
};

/** A state is deleted because somebody said so, not because nobody was there to ask. */
async function fateOf(
  { output, stdin }: CliContext,
  input: CommandInput,
  { state }: UninstallPlan,
): Promise<StateFate> {
  const [purge, keep] = [flag(input, 'purge'), flag(input, 'keepState')];
  if (purge && keep) throw new CliError('usage', '`--purge` and `--keep-state` exclude each other');
  if (state.length === 0) return 'none';
  if (purge) return 'deleted';
  const askable = 'isTTY' in stdin && stdin.isTTY === true;
  if (keep || flag(input, 'dryRun') || !askable) return 'kept';
  output.note(`the stored policy and the decision log are in ${state.join(' and ')}.`);
  output.note('type `delete` to delete them, anything else to keep them:');
  for await (const line of createInterface({ input: stdin })) return line.trim() === 'delete' ? 'deleted' : 'kept';
  return 'kept';
}

interface Removal {
  readonly removed: readonly string[];
  readonly left: readonly string[];
  readonly dryRun: boolean;
}

function removalLines(output: Output, { removed, left, dryRun }: Removal): readonly string[] {
  if (removed.length === 0) return ['nothing to remove: there is no service of reeve', ...leftLines(left)];
  const word = dryRun ? 'would be removed' : 'removed';
  return [
    ...output.table(
      ['PATH', 'STATE'],
      removed.map((path) => [path, word]),
    ),
    ...leftLines(left),
  ];
}

function leftLines(left: readonly string[]): readonly string[] {
  return left.length === 0 ? [] : [`left as it is: ${left.join(', ')}`];
}
