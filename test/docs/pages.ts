import { globSync, readFileSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url);

/** The text of a file of this repository. */
export function textOf(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

/** The cells of every table row below a heading, up to the next heading of the same or a higher level. */
export function rowsBelow(page: string, heading: string): readonly (readonly string[])[] {
  const rows = sectionBelow(page, heading)
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  if (rows.length === 0) throw new Error(`no table below \`${heading}\``);
  return rows.filter((cells) => !cells.every((cell) => /^-*$/.test(cell)));
}

/** The lines below a heading; a line of a fenced block is never a heading. */
function sectionBelow(page: string, heading: string): readonly string[] {
  const level = /^#+/.exec(heading)?.[0].length ?? 0;
  const lines = withoutFences(page).split('\n');
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`there is no heading \`${heading}\``);
  const length = lines.slice(start + 1).findIndex((line) => (/^(#+) /.exec(line)?.[1]?.length ?? 99) <= level);
  return lines.slice(start + 1, length < 0 ? undefined : start + 1 + length);
}

function withoutFences(page: string): string {
  return page.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
}

/** What `` `code` `` stands in a cell; null for any other cell. */
export function codeIn(cell: string | undefined): string | null {
  return /^`([^`]+)`$/.exec(cell ?? '')?.[1] ?? null;
}

/**
 * Everything in a page that a citation can mean, in lower case: each heading (`name`, and `4` for `## 4. Name`), each
 * numbered item below a heading (`name 3`, `4.3`), each code span that stands alone in a table.
 */
export function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  let section = '';
  let number: string | null = null;
  for (const line of withoutFences(page).split('\n')) {
    const [, numbered, title] = /^#+ (?:(\d+)\. )?(.+)$/.exec(line) ?? [];
    const item = /^(\d+)\. /.exec(line)?.[1];
    if (title !== undefined) {
      section = title.toLowerCase();
      number = numbered ?? null;
      anchors.add(section);
      if (number !== null) anchors.add(number);
    } else if (item !== undefined) {
      anchors.add(`${section} ${item}`);
      if (number !== null) anchors.add(`${number}.${item}`);
    }
    for (const [, , path] of line.matchAll(/`(GET|POST) ([^`]+)`/g)) anchors.add((path ?? '').toLowerCase());
  }
  return anchors;
}

/** Where a comment points: a page and what it names there. */
export interface Citation {
  readonly page: 'semantics' | 'api' | 'delivery' | 'authzen';
  readonly anchor: string;
  readonly text: string;
}

const NUMBERS = String.raw`(\d+(?:\.\d+)?(?:(?:, | and | to |–)\d+(?:\.\d+)?)*)`;
const CLAUSES = new RegExp(String.raw`\b(Names|Paths) ${NUMBERS}`, 'g');
const SECTIONS = new RegExp(
  String.raw`\b(semantics|authzen),? ${NUMBERS}(?:, (?:item|rule) (\d+))?(?: "([^"]+)")?`,
  'gi',
);
const HEADINGS = /\b(api|[Dd]elivery), (?:"([^"]+)"|`([^`]+)`|([A-Za-z][A-Za-z ]*\d*))/g;
const RESOURCES = /\bNetwork resources\b/g;

/** The citations in the comments of a source text. */
export function citationsIn(source: string): readonly Citation[] {
  const comments = commentsOf(source);
  return [
    ...[...comments.matchAll(CLAUSES)].flatMap(([text, kind = '', numbers = '']) =>
      numbersIn(numbers).map((number) => ({ page: 'semantics' as const, anchor: `${kind} ${number}`, text })),
    ),
    ...[...comments.matchAll(SECTIONS)].flatMap(sectionCitations),
    ...[...comments.matchAll(HEADINGS)].flatMap(([text, page = '', quoted, code, words = '']) =>
      (quoted === undefined && code === undefined ? words.split(' and ') : [quoted ?? code ?? '']).map((anchor) => ({
        page: page.toLowerCase() as Citation['page'],
        anchor: anchor.trim(),
        text,
      })),
    ),
    ...[...comments.matchAll(RESOURCES)].map(([text]) => ({ page: 'semantics' as const, anchor: text, text })),
  ];
}

function sectionCitations([text = '', page = '', numbers = '', item, title]: RegExpMatchArray): Citation[] {
  const at = page.toLowerCase() as Citation['page'];
  const anchors = [...numbersIn(numbers), ...(title === undefined ? [] : [title])];
  if (item !== undefined) anchors.push(`${numbers}.${item}`);
  return anchors.map((anchor) => ({ page: at, anchor, text }));
}

/** `1 to 3` names only its ends here: what lies between them stands in the same list. */
function numbersIn(text: string): string[] {
  return text.split(/, | and | to |–/);
}

/** Comments on one line each: a citation may be broken between two lines. */
function commentsOf(source: string): string {
  const found = source.match(/\/\*[\s\S]*?\*\/|(?<=^|[\s;{(,])\/\/[^\n]*(?:\n\s*\/\/[^\n]*)*/gm) ?? [];
  return found.map((comment) => comment.replaceAll(/\n\s*(?:\*|\/\/)\s?/g, ' ')).join('\n');
}

/** The TypeScript files below `src`, by path. */
export function sources(): ReadonlyMap<string, string> {
  return new Map(globSync('src/**/*.ts', { cwd: ROOT }).map((path) => [path, textOf(path)]));
}
