import type { Histogram } from '../../base/histogram.ts';
import { METRIC_NAMES, METRICS, type MetricName } from './metric-names.ts';

type Labels = Readonly<Record<string, string>>;

/** One value of a metric, or all that a histogram holds. */
export type Sample =
  | { readonly labels?: Labels; readonly value: number }
  | { readonly labels?: Labels; readonly histogram: Histogram };

/** What there is to say at the moment; a metric without samples is left out. */
export type Samples = Readonly<Partial<Record<MetricName, readonly Sample[]>>>;

/** A text of others in a label: ids of rules have no bound of their own. */
const MAX_LABEL_CHARACTERS = 200;

/** Prometheus' text format, 0.0.4, without its last newline. */
export function expositionOf(samples: Samples): string {
  return METRIC_NAMES.flatMap((name) => family(name, samples[name] ?? [])).join('\n');
}

function family(name: MetricName, samples: readonly Sample[]): readonly string[] {
  if (samples.length === 0) return [];
  const { help, type } = METRICS[name];
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.flatMap((sample) => linesOf(name, sample))];
}

function linesOf(name: string, sample: Sample): readonly string[] {
  const { labels = {} } = sample;
  if ('value' in sample) return [`${name}${labelText(labels)} ${numberText(sample.value)}`];
  const { histogram } = sample;
  const counts = histogram.cumulative();
  const bounds = [...histogram.bounds, Number.POSITIVE_INFINITY];
  const buckets = bounds.map(
    (bound, index) => `${name}_bucket${labelText({ ...labels, le: numberText(bound) })} ${counts[index] ?? 0}`,
  );
  return [
    ...buckets,
    `${name}_sum${labelText(labels)} ${numberText(histogram.sum)}`,
    `${name}_count${labelText(labels)} ${counts.at(-1) ?? 0}`,
  ];
}

function labelText(labels: Labels): string {
  const entries = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return entries.length === 0 ? '' : `{${entries.join(',')}}`;
}

/** Backslash, quote and line feed are escaped; nothing else may break a line or the encoding. */
function escaped(value: string): string {
  const cut = value.length > MAX_LABEL_CHARACTERS ? `${value.slice(0, MAX_LABEL_CHARACTERS)}…` : value;
  return cut.toWellFormed().replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return String(value);
}
