/** What a request says of its asker beside the question; it decides nothing, and is kept to recognise who asked. */
const TEXT_LABELS = ['sandbox', 'agent', 'user', 'process'] as const;
const MAX_LABELS = 16;
const MAX_NAME = 64;
const MAX_VALUE = 256;

/**
 * The labels of a request as JSON, shortened; empty where it has none. Of a request nothing else is read. Bounded here
 * and not in the writer's thread: whoever sends 64 KiB of labels must not take the place of other people's decisions.
 */
export function labelsText(request: Readonly<Record<string, unknown>>): string {
  const { sandbox, agent, user, process, labels } = request;
  if ((sandbox ?? agent ?? user ?? process ?? labels) === undefined) return '';
  const kept: Record<string, unknown> = {};
  for (const name of TEXT_LABELS) {
    const value = request[name];
    if (typeof value === 'string') kept[name] = shortened(value, MAX_VALUE);
  }
  if (typeof labels === 'object' && labels !== null) kept['labels'] = shortLabels(labels);
  return JSON.stringify(kept);
}

function shortLabels(labels: object): Readonly<Record<string, unknown>> {
  const kept: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  const names = Object.keys(labels);
  for (const name of names.slice(0, MAX_LABELS)) {
    kept[shortened(name, MAX_NAME)] = shortValue((labels as Readonly<Record<string, unknown>>)[name]);
  }
  if (names.length > MAX_LABELS) kept['…'] = `${names.length - MAX_LABELS} more`;
  return kept;
}

function shortValue(value: unknown): unknown {
  if (typeof value === 'string') return shortened(value, MAX_VALUE);
  return typeof value === 'object' && value !== null ? '…' : value;
}

/** At most `most` characters and a mark that says how many are missing. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  // a cut may fall between the halves of a pair, and half a character is no text
  return `${text.slice(0, most).toWellFormed()}… (${text.length - most} more)`;
}
