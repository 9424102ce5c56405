import type { PublicationReport } from '../publisher/publication-report.ts';
import type { Output } from './output.ts';

const WORDS: Readonly<Record<PublicationReport['result'], string>> = {
  published: 'published',
  refreshed: 'signed anew, nothing else has changed',
  staged: 'staged: machines are led to it once the online keys sign',
  unchanged: 'unchanged: this very bundle is there already',
};

/** What a publication did, for a person. */
export function publicationLines(output: Output, report: PublicationReport): readonly string[] {
  const { result, root, timestamp, timestamp_expires: expires, bundles, written, retired, warnings } = report;
  const versions = `root ${root}${timestamp === null ? '' : `, timestamp ${timestamp} good until ${expires ?? ''}`}`;
  return [
    `${output.paint(WORDS[result], result === 'published' ? 'green' : 'bold')} (${versions})`,
    ...(bundles.length === 0 || result === 'refreshed'
      ? []
      : output.table(
          ['BUNDLE', 'ROLE', 'ORG', 'REVISION', 'EXPIRES'],
          bundles.map(({ path, role, org, revision, expires_at: ends }) => [path, role, org, revision, ends]),
        )),
    ...(result === 'refreshed' ? [] : written.map((path) => `wrote ${path}`)),
    ...retired.map((path) => `took away ${path}`),
    ...warnings.map(({ code, message }) => `${output.paint('warning:', 'yellow')} ${message} (${code})`),
  ];
}
