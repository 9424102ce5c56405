import type { AttackResult, Sighting } from './attack.ts';

interface Group {
  readonly places: readonly string[];
  readonly served: string;
  readonly says: string;
  readonly message: string;
  readonly logged: readonly string[];
}

/** What was seen, as rows of Markdown: nothing in it is an expectation. */
export function attackTable(results: readonly AttackResult[]): string {
  const head = ['attack', 'kind', 'where', 'served afterwards', '`status` says', 'log says', 'test'];
  const rows = results.flatMap((result) =>
    groupsOf(result).map((group, at) => [
      at === 0 ? result.attack.title : '',
      at === 0 ? result.attack.kind : '',
      group.places.join(', '),
      group.served,
      sayCell(group),
      group.logged.length === 0 ? 'nothing new' : group.logged.join('<br>'),
      at === 0 ? `\`${result.attack.id}\`` : '',
    ]),
  );
  return tableOf(head, rows);
}

export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** Places at which the same was seen share a row. */
function groupsOf({ held, first }: AttackResult): readonly Group[] {
  const groups: Group[] = [];
  for (const sighting of held) {
    const atFirst = first.find(({ place }) => place === sighting.place);
    const next = groupOf(sighting, atFirst);
    const same = groups.findIndex((group) => group.served === next.served && group.says === next.says);
    const found = groups[same];
    if (found === undefined) groups.push(next);
    else
      groups[same] = { ...found, places: [...found.places, sighting.place], logged: union(found.logged, next.logged) };
  }
  return groups;
}

function groupOf(held: Sighting, first: Sighting | undefined): Group {
  const served =
    first === undefined || first.served === 'as before' ? held.served : `${held.served}; at first: ${first.served}`;
  const says = first === undefined || first.says === held.says ? held.says : `${held.says}; at first: ${first.says}`;
  return { places: [held.place], served, says, message: wordsOf(held.message), logged: union([], held.logged) };
}

function union(some: readonly string[], more: readonly string[]): readonly string[] {
  return [...new Set([...some, ...more])].sort();
}

/** Which request it was stands in the row already. */
function wordsOf(message: string): string {
  return message.replace(/^(?:GET|POST) \S+ /, '').replaceAll(/(GET|POST) \S+ (?=failed|answered|took)/g, '');
}

function sayCell({ says, message }: Group): string {
  return message === '' ? says : `${says}: ${message}`;
}
