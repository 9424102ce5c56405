import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Histogram } from '../../../src/base/histogram.ts';
import { expositionOf } from '../../../src/daemon/metrics/exposition.ts';
import { METRIC_NAMES, METRICS } from '../../../src/daemon/metrics/metric-names.ts';
import { parseExposition, valueOf } from '../../support/prometheus-text.ts';

describe('the exposition', () => {
  test('carries what others wrote without letting it out of its label', () => {
    const rule = 'a"b\\c\nd\u0000\ud800é reeve_ready 0';
    const text = `${expositionOf({
      reeve_rule_hits_total: [{ labels: { origin: 'org', policy: 'p', rule, name: 'x'.repeat(5_000) }, value: 3 }],
    })}\n`;
    const family = parseExposition(text).get('reeve_rule_hits_total');
    assert.equal(family?.samples.length, 1);
    const labels = family.samples[0]?.labels ?? {};
    assert.deepEqual(labels['rule'], 'a"b\\c\nd\u0000\ufffdé reeve_ready 0');
    assert.equal(labels['name'], `${'x'.repeat(200)}…`);
    assert.equal(Buffer.from(text).toString(), text);
  });

  test('leaves out what there is nothing to say of, and keeps the order of the catalogue', () => {
    assert.equal(expositionOf({}), '');
    const text = expositionOf({ reeve_connections: [{ value: 2 }], reeve_ready: [{ value: 1 }], reeve_warnings: [] });
    assert.deepEqual([...parseExposition(`${text}\n`).keys()], ['reeve_ready', 'reeve_connections']);
  });

  test('writes a histogram whose counts add up', () => {
    const histogram = new Histogram([0.000_001, 0.5, 2]);
    for (const seconds of [0.000_001, 0.000_002, 0.5, 1, 99]) histogram.observe(seconds);
    const families = parseExposition(`${expositionOf({ reeve_event_loop_lag_seconds: [{ histogram }] })}\n`);
    const counts = ['0.000001', '0.5', '2', '+Inf'].map((le) =>
      valueOf(families, 'reeve_event_loop_lag_seconds_bucket', { le }),
    );
    assert.deepEqual(counts, [1, 3, 4, 5]);
    assert.equal(valueOf(families, 'reeve_event_loop_lag_seconds_sum'), 100.500_003);
  });

  test('has names and help that Prometheus’ own linter would take', () => {
    for (const name of METRIC_NAMES) {
      const { type, help, labels } = METRICS[name];
      assert.match(name, /^(?:reeve|process)_[a-z_]+$/);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      assert.match(help, /^[A-Z0-9][^\n\\]*\.$/, name);
      assert.ok(labels.every((label) => /^[a-z]+$/.test(label) && label !== 'le'));
      // base units only
      assert.doesNotMatch(name, /_(?:ms|milliseconds|minutes|hours|days|kilobytes|mb)(?:_|$)/);
    }
  });
});
