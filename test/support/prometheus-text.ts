import assert from 'node:assert/strict';

export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ParsedSample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;
const VALUE = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|\+Inf)$/i;
const SUFFIXES: Readonly<Record<string, readonly string[]>> = { histogram: ['_bucket', '_sum', '_count'] };

/**
 * Reads Prometheus' text format 0.0.4 more strictly than its own parser does: each family whole and once, HELP and TYPE
 * before its samples, no series twice, counters and histograms that are what they say.
 */
export function parseExposition(text: string): ReadonlyMap<string, ParsedFamily> {
  assert.ok(text.endsWith('\n') && !text.endsWith('\n\n'), 'the last line ends with one line feed');
  assert.ok(!text.includes('\r'));
  const families = new Map<string, { name: string; type: string; help: string; samples: ParsedSample[] }>();
  let current: { name: string; type: string; help: string; samples: ParsedSample[] } | null = null;
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP (\S+) (.+)$/.exec(line);
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (help !== null) {
      const [, name = '', words = ''] = help;
      assert.match(name, NAME);
      assert.ok(!families.has(name), `${name} comes twice`);
      current = { name, type: '', help: words, samples: [] };
      families.set(name, current);
    } else if (type !== null) {
      assert.ok(current !== null && current.name === type[1] && current.type === '', line);
      current.type = type[2] ?? '';
    } else {
      assert.ok(current !== null && current.type !== '', `a sample before its TYPE: ${line}`);
      const sample = parseSample(line);
      const suffixes = SUFFIXES[current.type] ?? [''];
      assert.ok(
        suffixes.some((suffix) => sample.name === `${current?.name ?? ''}${suffix}`),
        `${line} does not belong to ${current.name}`,
      );
      current.samples.push(sample);
    }
  }
  for (const family of families.values()) checkFamily(family);
  return families;
}

function parseSample(line: string): ParsedSample {
  const match = SAMPLE.exec(line);
  assert.ok(match !== null, `no sample: ${line}`);
  const [, name = '', labelText = '', valueText = ''] = match;
  assert.match(valueText, VALUE, line);
  const labels: Record<string, string> = {};
  let rest = labelText;
  while (rest !== '') {
    const label = LABEL.exec(rest);
    assert.ok(label !== null, `no label: ${rest} in ${line}`);
    const [whole, key = '', value = ''] = label;
    assert.ok(!Object.hasOwn(labels, key), `label ${key} twice: ${line}`);
    labels[key] = value.replaceAll(/\\(["\\n])/g, (_, escape: string) => (escape === 'n' ? '\n' : escape));
    rest = rest.slice(whole.length);
  }
  const value = valueText.toLowerCase() === '+inf' ? Number.POSITIVE_INFINITY : Number(valueText);
  return { name, labels, value };
}

function checkFamily({ name, type, samples }: ParsedFamily): void {
  assert.ok(samples.length > 0, `${name} has no sample`);
  const series = samples.map((sample) => JSON.stringify([sample.name, Object.entries(sample.labels).toSorted()]));
  assert.equal(new Set(series).size, series.length, `a series of ${name} comes twice`);
  const names = new Set(
    samples.map(({ labels }) =>
      Object.keys(labels)
        .filter((key) => key !== 'le')
        .join(),
    ),
  );
  assert.equal(names.size, 1, `the series of ${name} have different labels`);
  if (type === 'counter') {
    assert.match(name, /_total$/);
    for (const { value } of samples) assert.ok(value >= 0 && Number.isFinite(value));
  }
  if (type === 'histogram') checkHistogram(name, samples);
}

function checkHistogram(name: string, samples: readonly ParsedSample[]): void {
  const groups = new Map<string, ParsedSample[]>();
  for (const sample of samples) {
    const key = JSON.stringify({ ...sample.labels, le: undefined });
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const [key, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) =>
      labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le']),
    );
    assert.deepEqual(
      bounds,
      bounds.toSorted((a, b) => a - b),
      key,
    );
    assert.equal(new Set(bounds).size, bounds.length);
    assert.equal(bounds.at(-1), Number.POSITIVE_INFINITY, `${name} ${key} has no +Inf`);
    const counts = buckets.map(({ value }) => value);
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
      `${name} ${key} is not cumulative`,
    );
    const rest = group.filter((sample) => sample.name !== `${name}_bucket`);
    assert.deepEqual(rest.map((sample) => sample.name).toSorted(), [`${name}_count`, `${name}_sum`]);
    assert.equal(rest.find((sample) => sample.name === `${name}_count`)?.value, counts.at(-1));
    assert.ok((rest.find((sample) => sample.name === `${name}_sum`)?.value ?? -1) >= 0);
  }
}

/** The value of one series; undefined where there is none. */
export function valueOf(
  families: ReadonlyMap<string, ParsedFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const base = name.replace(/_(?:bucket|sum|count)$/, '');
  const family = families.get(name) ?? families.get(base);
  return family?.samples.find(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )?.value;
}
