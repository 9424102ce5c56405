import type { RootReport } from '../publisher/root-report.ts';
import type { Output } from './output.ts';

/** Key ids as people compare them. */
export function shortId(id: string): string {
  return id.slice(0, 16);
}

/** A root as a signer should see it before signing. */
export function rootLines(output: Output, report: RootReport): readonly string[] {
  const rows = report.roles.map(({ role, threshold, key_ids: ids }) => [
    role,
    `${threshold} of ${ids.length}`,
    ids.map(shortId).join(' '),
  ]);
  return [
    ...output.pairs([
      ['root', `version ${report.version}, expires ${report.expires}`],
      ['content', `sha256:${report.content_sha256} (what every signer must see)`],
      ...(report.complete ? ([['file', `sha256:${report.file_sha256} (for device management)`]] as const) : []),
      ...(report.revoked_key_ids.length === 0
        ? []
        : ([['revoked', report.revoked_key_ids.map(shortId).join(' ')]] as const)),
    ]),
    ...output.table(['ROLE', 'SIGNATURES', 'KEYS'], rows),
    ...signatureLines(output, report),
  ];
}

function signatureLines(output: Output, report: RootReport): readonly string[] {
  const lines = report.needed.map(({ root_version: version, threshold, signed, missing }) => {
    const enough = signed.length >= threshold;
    const count = output.paint(`${signed.length} of ${threshold}`, enough ? 'green' : 'yellow');
    const rest = enough ? signed.map(shortId) : ['still to sign:', ...missing.map(shortId)];
    return `signatures by root keys of version ${version}: ${count} (${rest.join(' ')})`;
  });
  const first = report.version > 1 && report.needed.length === 1;
  return [
    ...lines,
    ...(first
      ? [`root ${report.version - 1} is not here: name it with --previous, since its keys have to sign too`]
      : []),
    ...report.bad_signatures.map((id) => `${output.paint('bad signature', 'red')} of ${shortId(id)}`),
  ];
}
