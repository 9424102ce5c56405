/** Valid texts and values with a few changes: near enough to what is right to get past the first check. */
import fc from 'fast-check';

/** Positions and lengths are numbers of any size, taken modulo what there is. */
interface TextEdit {
  readonly kind: 'insert' | 'replace' | 'remove' | 'repeat' | 'splice' | 'upper';
  readonly at: number;
  readonly length: number;
  readonly word: string;
  readonly times: number;
}

/** Characters that readers treat apart, and that `words` rarely has. */
const ODD_CHARACTERS = [
  '\0',
  '\t',
  '\n',
  '\r',
  ' ',
  '\u00a0',
  '\u00ad',
  '\u0130',
  '\u0301',
  '\u0660',
  '\u05d0',
  '\u200b',
  '\u200d',
  '\u2028',
  '\u3002',
  '\ufeff',
  '\uff0e',
  '\uff21',
  '\uffff',
  '\ud800',
  '\udc00',
  '\u{1f600}',
  '\u{e0001}',
];

function editing(words: readonly string[]): fc.Arbitrary<TextEdit> {
  return fc.record({
    kind: fc.constantFrom('insert', 'insert', 'replace', 'replace', 'remove', 'repeat', 'splice', 'upper'),
    at: fc.nat({ max: 1 << 20 }),
    length: fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 64 })),
    word: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...words) },
      { weight: 2, arbitrary: fc.constantFrom(...ODD_CHARACTERS) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
      { weight: 1, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 4 }) },
    ),
    times: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 1, max: 4 }) },
      { weight: 1, arbitrary: fc.integer({ min: 5, max: 5_000 }) },
    ),
  });
}

function edited(text: string, edit: TextEdit, maxLength: number): string {
  const at = text.length === 0 ? 0 : edit.at % (text.length + 1);
  const end = Math.min(text.length, at + edit.length);
  const [before, slice, after] = [text.slice(0, at), text.slice(at, end), text.slice(end)];
  switch (edit.kind) {
    case 'insert':
      return before + edit.word + slice + after;
    case 'replace':
      return before + edit.word + after;
    case 'remove':
      return before + after;
    case 'repeat':
      return before + repeated(slice === '' ? edit.word : slice, edit.times, maxLength) + after;
    case 'splice':
      return after + edit.word + before;
    case 'upper':
      return before + slice.toUpperCase() + after;
  }
}

function repeated(text: string, times: number, maxLength: number): string {
  return text.length === 0 ? '' : text.repeat(Math.min(times, Math.ceil(maxLength / text.length)));
}

/** A seed, or two joined, with up to six changes in which `words` come up often. */
export function mutatedText(
  seeds: readonly string[],
  words: readonly string[],
  maxLength = 8_192,
): fc.Arbitrary<string> {
  const seed = fc.constantFrom(...seeds);
  const base = fc.oneof(
    { weight: 8, arbitrary: seed },
    { weight: 1, arbitrary: fc.tuple(seed, seed).map((both) => both.join('')) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((parts) => parts.join('')) },
  );
  return fc
    .tuple(base, fc.array(editing(words), { maxLength: 6 }))
    .map(([text, edits]) =>
      edits.reduce((changed, edit) => edited(changed, edit, maxLength), text).slice(0, maxLength),
    );
}

/** A change at the end of a route through a JSON value; steps are taken modulo what there is. */
interface ValueEdit {
  readonly kind: 'replace' | 'remove' | 'add' | 'rename' | 'repeat' | 'nest';
  readonly route: readonly number[];
  readonly key: string;
  readonly junk: unknown;
  readonly times: number;
}

const ODD_KEYS = ['__proto__', 'constructor', 'toString', 'then', 'length', '', '0', 'unknown', '\ud800', 'a`b\nc'];
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  0.5,
  1e308,
  2 ** 53,
  '',
  '\0',
  '\ud800',
  '__proto__',
  '*',
  '/',
  '~',
  [],
  {},
  [[]],
  [null],
  { a: 1 },
];

function editingValue(keys: readonly string[], values: readonly unknown[]): fc.Arbitrary<ValueEdit> {
  return fc.record({
    kind: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'add', 'rename', 'repeat', 'nest'),
    route: fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 7 }),
    key: fc.oneof(fc.constantFrom(...keys), fc.constantFrom(...ODD_KEYS)),
    junk: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...values) },
      { weight: 3, arbitrary: fc.constantFrom(...ODD_VALUES) },
      { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
    ),
    times: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 1, max: 4 }) },
      { weight: 1, arbitrary: fc.integer({ min: 5, max: 80 }) },
    ),
  });
}

type Container = Readonly<Record<string, unknown>>;

function editedValue(value: unknown, edit: ValueEdit, depth = 0): unknown {
  const step = edit.route[depth];
  if (typeof value !== 'object' || value === null || step === undefined) return leaf(value, edit);
  const last = depth === edit.route.length - 1;
  if (Array.isArray(value)) {
    if (value.length === 0) return edit.kind === 'add' ? [edit.junk] : leaf(value, edit);
    const index = step % value.length;
    return value.flatMap((item: unknown, at) =>
      at === index ? (last ? changedItem(item, edit) : [editedValue(item, edit, depth + 1)]) : [item],
    );
  }
  const entries = Object.entries(value as Container);
  if (edit.kind === 'add' && last) return Object.fromEntries([...entries, [edit.key, edit.junk]]);
  if (entries.length === 0) return leaf(value, edit);
  const index = step % entries.length;
  return Object.fromEntries(
    entries.flatMap(([key, member], at) => {
      if (at !== index) return [[key, member] as const];
      if (!last) return [[key, editedValue(member, edit, depth + 1)] as const];
      if (edit.kind === 'remove') return [];
      if (edit.kind === 'rename') return [[edit.key, member] as const];
      return [[key, leaf(member, edit)] as const];
    }),
  );
}

function changedItem(item: unknown, edit: ValueEdit): readonly unknown[] {
  if (edit.kind === 'remove') return [];
  return edit.kind === 'repeat' ? Array<unknown>(edit.times).fill(item) : [leaf(item, edit)];
}

function leaf(value: unknown, edit: ValueEdit): unknown {
  if (edit.kind === 'nest') {
    let nested = value;
    for (let level = 0; level < edit.times; level += 1) nested = level % 2 === 0 ? [nested] : { [edit.key]: nested };
    return nested;
  }
  if (edit.kind === 'repeat') return typeof value === 'string' ? value.repeat(edit.times) : [value, value];
  return edit.junk;
}

/** One of the values with up to four changes; `values` are what other places of such a value hold. */
export function mutatedValue(
  seeds: readonly unknown[],
  keys: readonly string[],
  values: readonly unknown[],
): fc.Arbitrary<unknown> {
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(editingValue(keys, values), { maxLength: 4 }))
    .map(([seed, edits]) => edits.map(tame).reduce<unknown>((changed, edit) => editedValue(changed, edit), seed))
    .map(asJson);
}

/** Only the first change may multiply much: four of them together would fill the memory by themselves. */
function tame(edit: ValueEdit, position: number): ValueEdit {
  return position === 0 ? edit : { ...edit, times: Math.min(edit.times, 4) };
}

/** As it would arrive: JSON knows no `undefined`, and a failure has to be written down. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null)) as unknown;
}
