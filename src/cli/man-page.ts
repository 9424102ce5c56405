import { EXIT_CODES, GLOBAL_OPTIONS, INTRODUCTION, TITLE } from './about.ts';
import { argumentNames, type Command, mandatoryWords } from './command.ts';
import { COMMANDS } from './commands.ts';

/** `man reeve`, in the macros of man(7), from the same data as `--help`. */
export function manPage(): string {
  return [
    '.\\" Written by scripts/generate-man.ts from the table of commands.',
    '.TH REEVE 1 "" "reeve" "User Commands"',
    '.SH NAME',
    `reeve \\- ${roff(TITLE)}`,
    '.SH SYNOPSIS',
    '.B reeve',
    '.I COMMAND',
    '[\\fIARGUMENT\\fR]... [\\fIOPTION\\fR]...',
    '.SH DESCRIPTION',
    ...paragraph(INTRODUCTION),
    '.SH OPTIONS',
    'Every command takes these.',
    ...GLOBAL_OPTIONS.flatMap(({ flags, description }) => term(flags, description)),
    ...term('-h, --help', 'show help, with examples, for reeve or the command'),
    ...term('--version', 'show the version'),
    '.SH COMMANDS',
    ...COMMANDS.flatMap(section),
    '.SH EXIT STATUS',
    ...paragraph(EXIT_CODES),
    '.SH ENVIRONMENT',
    ...term('NO_COLOR', 'with any value but an empty one, no colours'),
    '',
  ].join('\n');
}

function section(command: Command): readonly string[] {
  const { path, summary, description, examples } = command;
  const usage = [...argumentNames(command), ...mandatoryWords(command)].map(italic);
  const rows = [
    ...(command.arguments ?? []).map(({ name, description: text }) => [name, text] as const),
    ...(command.options ?? []).map(({ flags, description: text }) => [flags, text] as const),
  ];
  return [
    `.SS ${['reeve', ...path].map(roff).join(' ')}${usage.map((word) => ` ${word}`).join('')}`,
    ...paragraph(`${summary}.`),
    ...(description === undefined ? [] : ['.PP', ...paragraph(description)]),
    ...rows.flatMap(([name, text]) => term(name, text)),
    '.PP',
    '.EX',
    ...examples.map((example) => atLineStart(roff(example))),
    '.EE',
  ];
}

function term(name: string, text: string): readonly string[] {
  return ['.TP', `\\fB${roff(name)}\\fR`, ...paragraph(text)];
}

/** Lines of a paragraph, each what a line of the source holds. */
function paragraph(text: string): readonly string[] {
  return text.split('\n').map((line) => atLineStart(roff(line)));
}

/** A placeholder such as `<file>` stands out by itself. */
function italic(word: string): string {
  return `\\fI${roff(word)}\\fR`;
}

/** Backslashes and hyphens as they are typed; what lies beyond ASCII by its code, for every locale. */
function roff(text: string): string {
  const plain = text.replaceAll('…', '...');
  const escaped = plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('`', '\\(ga')
    .replaceAll("'", '\\(aq');
  return escaped.replaceAll(/[^\n -~]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return `\\[u${code}]`;
  });
}

/** A line that begins with a dot is a request. */
function atLineStart(line: string): string {
  return line.startsWith('.') ? `\\&${line}` : line;
}
