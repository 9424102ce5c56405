import { isObject, type RuleFields } from '../policy/rule-shape.ts';
import { eventText } from './event-text.ts';
import { printable } from './output.ts';

export const LOG_HEADS = ['TIME', 'RECORD', 'UID', 'ACTION', 'TARGET', 'CODE', 'RULE'] as const;

/** One record as a row of a table; what it is about stands where a decision has its target. */
export function logRow(record: RuleFields): readonly string[] {
  const { at, type } = record;
  const time = shown(at);
  if (type === 'event') return [time, 'event', '', shown(record['event']), eventText(record), '', ''];
  if (type !== 'decision') return [time, shown(type), '', '', aboutOf(record), '', ''];
  const peer = isObject(record['peer']) ? record['peer'] : {};
  const request = isObject(record['request']) ? record['request'] : {};
  const rule = isObject(record['rule']) ? record['rule'] : {};
  const decision = record['would_deny'] === true ? 'allow (would deny)' : shown(record['decision']);
  const name = shown(rule['name']) || shown(rule['id']);
  return [
    time,
    decision,
    shown(peer['uid']),
    shown(request['action']),
    targetOf(request) || shown(record['reason']),
    shown(record['code']),
    name === '' ? '' : `${shown(rule['policy'])}: ${name}`,
  ];
}

/** For a log that goes on: no columns, since nobody knows what is to come. */
export function logLine(record: RuleFields): string {
  return logRow(record)
    .filter((cell) => cell !== '')
    .map(printable)
    .join('  ');
}

function targetOf({ host, ip, port, path, recursive }: RuleFields): string {
  if (path !== undefined) return `${shown(path)}${recursive === true ? ' and everything below' : ''}`;
  const name = shown(host ?? (Array.isArray(ip) ? ip[0] : ''));
  if (name === '') return '';
  return `${name.includes(':') ? `[${name}]` : name}:${shown(port)}`;
}

function aboutOf({
  type,
  dropped,
  dropped_denials: denials,
  dropped_events: events,
  lost,
  since,
  until,
  moved_aside: aside,
}: RuleFields): string {
  switch (type) {
    case 'gap':
      return (
        `${shown(dropped)} decisions were not kept, ${shown(denials)} of them denials; ` +
        `${shown(lost)} may not have been written${typeof events === 'number' && events > 0 ? `, ${events} events were not kept` : ''} ` +
        `(${shown(since)} to ${shown(until)})`
      );
    case 'begin':
      return typeof aside === 'string' ? aside : 'the log begins';
    case 'start':
      return 'the daemon opened the log';
    case 'stop':
      return 'the daemon closed the log';
    default:
      return 'not a record that this version knows';
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : '';
}
