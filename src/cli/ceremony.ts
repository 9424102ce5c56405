import type { RootReport } from '../publisher/root-report.ts';
import type { TargetsReport } from '../publisher/targets-report.ts';
import type { MetadataDocument } from '../tuf/metadata-text.ts';
import { CliError } from './cli-error.ts';
import { type CommandInput, type OptionSpec, textOption } from './command.ts';
import type { Output } from './output.ts';
import { rootLines, shortId } from './root-lines.ts';

export const CEREMONY_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '--previous <file>',
    description: 'of a root: the one before it (default: the one with the number below, beside it)',
  },
  { flags: '--root <file>', description: 'of targets, and mandatory there: the root that says who signs them' },
];

/** What people sign apart from each other: a root, or what the targets keys list. */
export interface Subject {
  readonly path: string;
  readonly document: MetadataDocument;
  readonly report: RootReport | TargetsReport;
  readonly lines: (output: Output, report: RootReport | TargetsReport) => readonly string[];
  /** What is wrong with a signature of it, or null. */
  readonly faultOf: (signature: { readonly keyid: string; readonly sig: string }) => string | null;
  /** Puts signatures, by their files, into it once they suffice. */
  readonly assemble: (signatures: readonly string[]) => RootReport | TargetsReport;
}

export async function readSubject(path: string, input: CommandInput): Promise<Subject> {
  const { readMetadataFile } = await import('../publisher/metadata-file.ts');
  const document = readMetadataFile(path);
  return document.signed['_type'] === 'targets'
    ? readTargetsSubject(path, document, input)
    : readRootSubject(path, document, input);
}

async function readRootSubject(path: string, document: MetadataDocument, input: CommandInput): Promise<Subject> {
  const [{ previousRoot }, { rootReport, signatureFault }, { assembleRoot }] = await Promise.all([
    import('../publisher/root-file.ts'),
    import('../publisher/root-report.ts'),
    import('../publisher/assemble-root.ts'),
  ]);
  const previous = previousRoot(path, document, textOption(input, 'previous'));
  return {
    ...{ path, document, report: rootReport(document, previous) },
    lines: (output, report) => rootLines(output, report as RootReport),
    faultOf: (signature) => signatureFault(document, signature, previous),
    assemble: (signatures) => assembleRoot({ path, document, previous, signatures }),
  };
}

async function readTargetsSubject(path: string, document: MetadataDocument, input: CommandInput): Promise<Subject> {
  const file = textOption(input, 'root');
  if (file === undefined) throw new CliError('usage', 'who signs targets is in the root', 'name it with --root FILE');
  const [{ readMetadataFile }, { targetsReport, assembleTargets }, { metadataFacts }] = await Promise.all([
    import('../publisher/metadata-file.ts'),
    import('../publisher/targets-report.ts'),
    import('../publisher/inspect-file.ts'),
  ]);
  const root = readMetadataFile(file);
  const report = targetsReport(document, root);
  return {
    ...{ path, document, report },
    lines: (output, current) => targetsLines(output, current as TargetsReport, metadataFacts(document).rows),
    faultOf: ({ keyid }) =>
      [...report.signed, ...report.missing].includes(keyid) ? null : 'is of a key that is no targets key of this root',
    assemble: (signatures) => assembleTargets(path, document, root, signatures),
  };
}

function targetsLines(
  output: Output,
  report: TargetsReport,
  rows: readonly { readonly name: string; readonly what: string }[],
): readonly string[] {
  const { version, content_sha256: content, threshold, signed, missing, complete } = report;
  const count = output.paint(`${signed.length} of ${threshold}`, complete ? 'green' : 'yellow');
  const rest = complete ? signed.map(shortId) : ['still to sign:', ...missing.map(shortId)];
  return [
    ...output.pairs([
      ['targets', `version ${version}`],
      ['content', `sha256:${content} (what every signer must see)`],
      ...rows.map(({ name, what }) => [name, what] as const),
    ]),
    `signatures by targets keys: ${count} (${rest.join(' ')})`,
  ];
}
