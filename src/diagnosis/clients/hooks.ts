import { isObject, type RuleFields } from '../../policy/rule-shape.ts';

/** One hook of an agent that calls reeve. */
export interface ReeveHook {
  readonly event: string;
  readonly command: string;
  /** As it stands in the file. */
  readonly fields: RuleFields;
}

/** What runs reeve, or asks its socket. */
const ASKS_REEVE = /\breeve\b/;

/**
 * The hooks that ask reeve, wherever they stand: agents put them below `hooks` and the name of an event, some of them in
 * a group with a matcher, and some not.
 */
export function reeveHooks(settings: unknown): readonly ReeveHook[] {
  if (!isObject(settings) || !isObject(settings['hooks'])) return [];
  return Object.entries(settings['hooks']).flatMap(([event, groups]) => {
    const listed = Array.isArray(groups) ? groups.filter(isObject) : [];
    return listed.flatMap((group) => [group, ...innerHooks(group)]).flatMap((fields) => hookOf(event, fields));
  });
}

function innerHooks({ hooks }: RuleFields): readonly RuleFields[] {
  return Array.isArray(hooks) ? hooks.filter(isObject) : [];
}

function hookOf(event: string, fields: RuleFields): readonly ReeveHook[] {
  const { command, url, args } = fields;
  const parts = [command, url, ...(Array.isArray(args) ? (args as readonly unknown[]) : [])];
  const text = parts.filter((part) => typeof part === 'string').join(' ');
  return ASKS_REEVE.test(text) ? [{ event, command: text, fields }] : [];
}
