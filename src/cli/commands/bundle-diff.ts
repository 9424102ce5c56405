import { existsSync, statSync } from 'node:fs';
import { compareBundles, isSame } from '../../policy/diff/compare-bundles.ts';
import type { Bundle } from '../../schema/bundle.ts';
import { changeLines } from '../change-text.ts';
import { CliError } from '../cli-error.ts';
import { type Command, textOption } from '../command.ts';
import { printable } from '../output.ts';
import { comparisonLines } from '../show-comparison.ts';
import { DEFAULT_TARGET, TARGET_OPTION } from './bundle-build.ts';

export const bundleDiff: Command = {
  path: ['bundle', 'diff'],
  summary: 'show what one bundle says otherwise than another',
  description:
    'terms, policies and rules that came (+), went (-) or changed (~). a directory stands for the newest bundle of the ' +
    'repository in it. exit code: 0, also where they differ; 1 one of them cannot be read.',
  arguments: [
    { name: '<before>', description: 'bundle file or repository' },
    { name: '<after>', description: 'bundle file or repository' },
  ],
  options: [TARGET_OPTION],
  examples: ['reeve bundle diff /srv/policy bundle.json', 'reeve bundle diff old.json new.json --json'],
  async run({ output }, input) {
    const [before = '', after = ''] = input.args;
    const target = textOption(input, 'target') ?? DEFAULT_TARGET;
    const [old, now] = [await bundleAt(before, target), await bundleAt(after, target)];
    const comparison = compareBundles(old, now);
    const [wasChanged, isChanged] = [old.terms.change, now.terms.change];
    const value = { before: old.revision, after: now.revision, change: { before: wasChanged, after: isChanged } };
    output.result({ ...value, ...comparison }, () => [
      isSame(comparison)
        ? `revision ${now.revision} says the same as revision ${old.revision}`
        : `revision ${old.revision} → ${now.revision}`,
      ...changeLines(wasChanged, isChanged).map(printable),
      ...comparisonLines(output, comparison),
    ]);
    return 0;
  },
};

async function bundleAt(path: string, target: string): Promise<Bundle> {
  if (existsSync(path) && statSync(path).isDirectory()) {
    const { newestBundle } = await import('../../publisher/published-document.ts');
    const published = newestBundle(path, target);
    if (published === null) throw new CliError('failed', `\`${path}\` has no bundle \`${target}\``);
    return published.bundle;
  }
  const [{ readBundleFile }, { readBundle }] = await Promise.all([
    import('../../publisher/bundle-file.ts'),
    import('../../schema/bundle.ts'),
  ]);
  const reading = readBundle(readBundleFile(path).document);
  if (reading.kind === 'bundle') return reading.bundle;
  throw new CliError('failed', `\`${path}\`: ${reading.message}`);
}
