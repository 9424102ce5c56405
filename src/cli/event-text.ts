import { isObject, type RuleFields } from '../policy/rule-shape.ts';

/** What happened, in a sentence; `details` of a record of the type `event`. */
export function eventText({ event, details }: RuleFields): string {
  const about = isObject(details) ? details : {};
  switch (event) {
    case 'first_start':
      return 'this machine knew of no policy';
    case 'activated':
      return activatedText(about);
    case 'state_mismatch':
      return shown(about['message']);
    case 'mark_repaired':
      return `the high-water mark says revision ${shown(about['revision'])} again`;
    case 'clock_fell_back':
      return `a clock had been at ${shown(about['seen'])}; ${shown(about['verified'])}, the source’s own time, counts`;
    case 'reconfigured':
      return `other settings were taken up: ${textsIn(about['changed'])}`;
    case 'reset':
      return resetText(about);
    default:
      return JSON.stringify(about);
  }
}

function activatedText({ org, source, from, to, by, reason, ticket }: RuleFields): string {
  const change = [by === null ? '' : `by ${shown(by)}`, shown(reason), shown(ticket)].filter((part) => part !== '');
  return (
    `${shown(org)}: ${from === null ? '' : `revision ${shown(from)} → `}${shown(to)} (${shown(source)})` +
    (change.length === 0 ? '' : `, ${change.join(', ')}`)
  );
}

function resetText({ org, revision, governed, uid }: RuleFields): string {
  const domains = textsIn(governed);
  return [
    typeof org === 'string'
      ? `${org}, revision ${shown(revision) || 'none'}, was given up`
      : 'no organisation was known',
    ...(domains === '' ? [] : [`released: ${domains}`]),
    ...(typeof uid === 'number' ? [`by uid ${uid}`] : []),
  ].join('; ');
}

function textsIn(value: unknown): string {
  return Array.isArray(value) ? value.map(shown).join(', ') : '';
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : '';
}
