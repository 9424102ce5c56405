import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CliContext, Command } from '../command.ts';
import { firstArgument } from '../command.ts';
import { bundleLines, metadataLines } from '../inspection-lines.ts';
import { shortId } from '../root-lines.ts';

export const bundleInspect: Command = {
  path: ['bundle', 'inspect'],
  summary: 'show what is in a bundle, a metadata file or a repository',
  description:
    'terms, policies and rules of a bundle (as JSON, packed or in an envelope); version, expiry, keys and signatures of ' +
    'metadata. nothing is verified: `reeve bundle verify` does that. exit code: 0, 1 it cannot be read.',
  arguments: [{ name: '<what>', description: 'file, or the directory of a repository' }],
  examples: [
    'reeve bundle inspect bundle.json',
    'reeve bundle inspect /srv/policy',
    'reeve bundle inspect /srv/policy/metadata/timestamp.json --json',
  ],
  run(context, input) {
    const path = firstArgument(input);
    const isDirectory = existsSync(path) && statSync(path).isDirectory();
    return isDirectory ? inspectRepository(context, path) : inspectFile(context, path);
  },
};

async function inspectFile({ output }: CliContext, path: string): Promise<0> {
  const [{ metadataIn }, { readBundleFile }, { bundleFacts, metadataFacts }] = await Promise.all([
    import('../../publisher/metadata-file.ts'),
    import('../../publisher/bundle-file.ts'),
    import('../../publisher/inspect-file.ts'),
  ]);
  const metadata = metadataIn(path);
  if (metadata !== null) {
    const facts = metadataFacts(metadata);
    output.result(facts, () => metadataLines(output, facts));
    return 0;
  }
  const { document, form, signatures } = readBundleFile(path);
  const facts = bundleFacts(document);
  output.result({ ...facts, form, signatures }, () => bundleLines(output, facts));
  return 0;
}

async function inspectRepository({ output }: CliContext, path: string): Promise<0> {
  const [{ readMetadataFile }, { existingRepository, TIMESTAMP_PATH }] = await Promise.all([
    import('../../publisher/metadata-file.ts'),
    import('../../publisher/repository-directory.ts'),
  ]);
  const [{ bundleFacts, metadataFacts }, { newestBundles }] = await Promise.all([
    import('../../publisher/inspect-file.ts'),
    import('../../publisher/published-document.ts'),
  ]);
  const directory = existingRepository(path);
  const names = [
    ...directory
      .versions()
      .map(({ path: file }) => file)
      .sort(),
    TIMESTAMP_PATH,
  ];
  const files = names
    .filter((name) => existsSync(join(path, name)))
    .map((file) => ({ file, ...metadataFacts(readMetadataFile(join(path, file))) }));
  const bundles = newestBundles(path).map(({ listed, document }) => ({ path: listed.path, ...bundleFacts(document) }));
  output.result({ kind: 'repository', files, bundles }, () => [
    ...output.table(
      ['FILE', 'EXPIRES', 'SIGNED BY'],
      files.map(({ file, expires, signed_by: ids }) => [file, expires, ids.map(shortId).join(' ')]),
    ),
    ...bundles.flatMap((facts) => [`${facts.path}:`, ...bundleLines(output, facts)]),
  ]);
  return 0;
}
