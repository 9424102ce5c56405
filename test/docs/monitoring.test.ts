import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { METRIC_NAMES, METRICS, type MetricName } from '../../src/daemon/metrics/metric-names.ts';
import { WARNINGS } from '../../src/daemon/status/warning-catalogue.ts';
import { OUTCOMES } from '../../src/pdp/decision-meter.ts';
import { readYaml } from '../../src/schema/yaml.ts';
import { tempDirectory } from '../support/temp-tree.ts';
import { metricsPage } from './metrics-page.ts';
import { textOf } from './pages.ts';

const PROMTOOL = spawnSync('promtool', ['--version']).error === undefined;

interface Expression {
  readonly where: string;
  readonly text: string;
}

/** Labels that whoever scrapes adds. */
const SCRAPED = new Set(['instance']);
const KEYWORDS = new Set([
  ...['sum', 'min', 'max', 'count', 'topk', 'rate', 'increase', 'histogram_quantile', 'absent', 'time', 'label_values'],
  ...['by', 'and', 'or', 'unless', 'on', 'ignoring'],
]);
/** Values of labels that are not free. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  outcome: OUTCOMES,
  result: ['recorded', 'written', 'dropped', 'lost', 'activated', 'unchanged', 'waiting', 'failed'],
  state: ['fresh', 'warn', 'restrict', 'block', 'active', 'inactive'],
};

function alerts(): readonly Expression[] {
  const reading = readYaml(textOf('config/prometheus-alerts.yaml'));
  assert.ok(reading.kind === 'value', JSON.stringify(reading));
  const { groups } = reading.value as {
    readonly groups: readonly {
      readonly rules: readonly {
        readonly alert: string;
        readonly expr: string;
        readonly labels: { readonly severity: string };
        readonly annotations: { readonly summary: string; readonly description: string };
      }[];
    }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  for (const { alert, labels, annotations } of rules) {
    assert.match(alert, /^Reeve[A-Z][A-Za-z]+$/);
    assert.ok(['critical', 'warning', 'info'].includes(labels.severity), alert);
    assert.ok(annotations.summary.length > 10 && annotations.description.length > 10, alert);
  }
  return rules.map(({ alert, expr }) => ({ where: alert, text: expr }));
}

interface Panel {
  readonly title: string;
  readonly id: number;
  readonly gridPos: { readonly x: number; readonly w: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

function panels(): readonly Panel[] {
  return (JSON.parse(textOf('config/grafana-dashboard.json')) as { readonly panels: readonly Panel[] }).panels;
}

const DASHBOARD: readonly Expression[] = panels().flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({ where: title, text: expr })),
);
const ALL = [...alerts(), ...DASHBOARD];

/** Each name of a metric in an expression, with what stands in its braces. */
function namesIn({ text }: Expression): { readonly name: string; readonly matchers: string }[] {
  const bare = text.replaceAll(/\b(?:by|on|ignoring|without) \([^)]*\)/g, '');
  return [...bare.matchAll(/\b([a-z_]\w*)\b(?:\{([^}]*)\})?/g)]
    .map(([, name = '', matchers = '']) => ({ name, matchers }))
    .filter(({ name }) => /^(?:reeve|process)_/.test(name));
}

function metricOf(name: string): MetricName | undefined {
  return METRIC_NAMES.find((known) => {
    const { type } = METRICS[known];
    return type === 'histogram' ? [`${known}_bucket`, `${known}_sum`, `${known}_count`].includes(name) : known === name;
  });
}

describe('the example alerts and the dashboard', () => {
  test('ask for metrics that there are, in the form that they have', () => {
    assert.ok(alerts().length >= 12 && DASHBOARD.length >= 20);
    for (const expression of ALL) {
      const names = namesIn(expression);
      assert.ok(names.length > 0, `${expression.where}: ${expression.text}`);
      for (const { name } of names) {
        const metric = metricOf(name);
        assert.ok(metric !== undefined, `${expression.where} asks for ${name}`);
        const counted = METRICS[metric].type !== 'gauge';
        const rated = new RegExp(String.raw`(?:rate|increase)\(${name}\b`).test(expression.text);
        assert.equal(rated, counted, `${expression.where}: ${name} is a ${METRICS[metric].type}`);
      }
    }
  });

  test('use labels that their metrics have, with values that there are', () => {
    for (const expression of ALL) {
      const own = namesIn(expression).flatMap(({ name }) => METRICS[metricOf(name) ?? 'reeve_ready'].labels);
      const used = [...expression.text.matchAll(/\b(\w+)\s*(?:=~|!=|!~|=)\s*"([^"]*)"/g)];
      const grouped = [...expression.text.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/));
      for (const label of [...used.map(([, label = '']) => label), ...grouped]) {
        assert.ok(SCRAPED.has(label) || label === 'le' || own.includes(label), `${expression.where}: label ${label}`);
      }
      for (const [, label = '', value = ''] of used) {
        const known = VALUES[label] ?? (label === 'code' ? Object.keys(WARNINGS) : null);
        if (known === null) continue;
        for (const word of value.split('|')) assert.ok(known.includes(word), `${expression.where}: ${label}="${word}"`);
      }
    }
  });

  test('are expressions whose brackets close, of functions that there are', () => {
    for (const { where, text } of ALL) {
      const bare = text.replaceAll(/"[^"]*"/g, '""');
      for (const [open, close] of ['()', '{}', '[]'] as const) {
        assert.equal(bare.split(open ?? '').length, bare.split(close ?? '').length, where);
      }
      for (const [, word = ''] of bare.matchAll(/\b([a-z_]+)\s*\(/g))
        assert.ok(KEYWORDS.has(word), `${where}: ${word}(`);
    }
  });

  test('are what Prometheus itself can parse', { skip: PROMTOOL ? false : 'no promtool here' }, (t) => {
    const directory = tempDirectory(t);
    const panelRules = join(directory, 'panels.json');
    const rules = DASHBOARD.map(({ text }, index) => ({
      record: `panel:${index}`,
      expr: text.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '5m'),
    }));
    writeFileSync(panelRules, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
    for (const file of [fileURLToPath(new URL('../../config/prometheus-alerts.yaml', import.meta.url)), panelRules]) {
      const checked = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
      assert.equal(checked.status, 0, `${checked.stdout}${checked.stderr}`);
    }
  });

  test('every metric that counts or measures is on the dashboard or in an alert', () => {
    const used = new Set(ALL.flatMap((expression) => namesIn(expression).map(({ name }) => metricOf(name))));
    const unused = METRIC_NAMES.filter((name) => !used.has(name));
    assert.deepEqual(unused, [
      'process_start_time_seconds',
      'reeve_policy_generation',
      'reeve_policy_rules',
      'reeve_domain_governed',
      'reeve_local_files',
      'reeve_sync_next_attempt_timestamp_seconds',
      'reeve_rule_hits_other_total',
    ]);
  });

  test('panels have their own ids and fit into the width', () => {
    const ids = panels().map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { gridPos, title } of panels()) assert.ok(gridPos.x + gridPos.w <= 24, title);
  });
});

test('docs/metrics.md is what the catalogue says (else run scripts/generate-metrics-page.ts)', () => {
  assert.equal(textOf('docs/metrics.md'), metricsPage());
});
