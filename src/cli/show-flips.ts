import type { CanonicalRequest } from '../policy/decision.ts';
import type { DecisionFlip, Judgement } from '../policy/diff/compare-decisions.ts';
import type { Output } from './output.ts';

/** Those that were asked most often; the rest is for `--json`. */
const MOST_FLIPS = 50;

const WORDS = { allow: 'allow', would_deny: 'allow (would deny)', deny: 'deny' } as const;

/** What two policies answer differently, the requests that are asked most often first. */
export function flipLines(output: Output, flips: readonly DecisionFlip[]): readonly string[] {
  const rows = flips
    .slice(0, MOST_FLIPS)
    .map(({ request, uid, count, before, after }) => [
      ...[String(count), uid === null ? '' : String(uid), request.action, targetText(request)],
      ...[judgementText(before), judgementText(after)],
    ]);
  const more = flips.length - rows.length;
  return [
    ...output.table(['TIMES', 'UID', 'ACTION', 'TARGET', 'BEFORE', 'AFTER'], rows),
    ...(more > 0 ? [`and ${more} more: see --json`] : []),
  ];
}

function targetText({ host, ip, port, path, recursive }: CanonicalRequest): string {
  if (path !== undefined) return `${path}${recursive === true ? ' and everything below' : ''}`;
  const name = host ?? ip?.[0] ?? '';
  return `${name.includes(':') ? `[${name}]` : name}:${port ?? ''}`;
}

function judgementText({ effect, code, rule }: Judgement): string {
  return `${WORDS[effect]} ${code}${rule === null ? '' : ` (${rule.policy}: ${rule.name || rule.id})`}`;
}
