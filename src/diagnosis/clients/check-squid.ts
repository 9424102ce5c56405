import { join } from 'node:path';
import { shown } from '../../base/shown.ts';
import { type Finding, found } from '../finding.ts';
import type { ClientsFound } from './check-agents.ts';
import type { ClientPlaces } from './places.ts';
import { readSettings } from './read-settings.ts';

const FILES = ['etc/squid/squid.conf', 'etc/squid/conf.d/reeve.conf', 'usr/local/etc/squid/squid.conf'];

/** Squid asks a helper; its answers are kept for an hour unless it is told otherwise, and an acl alone denies nothing. */
export function checkSquid({ root }: ClientPlaces): ClientsFound {
  const files = FILES.flatMap((file) => {
    const path = join(root, file);
    const reading = readSettings(path);
    if (reading.kind !== 'text') return [];
    const lines = reading.text.split('\n').map((line) => line.trim());
    return [{ path, lines: lines.filter((line) => line !== '' && !line.startsWith('#')) }];
  });
  const findings = files.flatMap(({ path, lines }) => squidFindings(path, lines));
  return { names: files.length === 0 ? [] : ['Squid'], findings };
}

function squidFindings(path: string, lines: readonly string[]): readonly Finding[] {
  const helpers = lines.flatMap((line) => {
    const [, name = '', rest = ''] = /^external_acl_type\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return /\breeve\b/.test(rest) ? [{ name, rest }] : [];
  });
  return helpers.flatMap(({ name, rest }) => {
    const keeps = !/(?:^|\s)ttl=0(?:\s|$)/.test(rest) || !/(?:^|\s)negative_ttl=0(?:\s|$)/.test(rest);
    return [
      ...(keeps ? [found('client_caches', `Squid, ${shown(path)}: \`${name}\` keeps its answers`)] : []),
      ...denialFindings(path, lines, name),
    ];
  });
}

/** Rules count in their order: what is allowed before reeve is asked is allowed without it. */
function denialFindings(path: string, lines: readonly string[], helper: string): readonly Finding[] {
  const acls = lines.flatMap((line) => {
    const [, acl, external] = /^acl\s+(\S+)\s+external\s+(\S+)/.exec(line) ?? [];
    return acl !== undefined && external === helper ? [acl] : [];
  });
  const accesses = lines.filter((line) => line.startsWith('http_access '));
  const denial = accesses.findIndex((line) =>
    acls.some((acl) => /^http_access\s+deny\s/.test(line) && line.split(/\s+/).includes(`!${acl}`)),
  );
  const allowed = accesses.findIndex((line) => /^http_access\s+allow\s+(?:all|localnet)\b/.test(line));
  if (denial >= 0 && (allowed < 0 || denial < allowed)) return [];
  const mend = `put \`http_access deny !${acls[0] ?? 'reeve_ok'}\` before every \`http_access allow\``;
  return [found('client_fails_open', `Squid, ${shown(path)}: what reeve denies is not denied`, { mend })];
}
