import { METRIC_NAMES, METRICS } from '../../src/daemon/metrics/metric-names.ts';

const HEAD = `# Metrics

\`GET /metrics\` on either socket is Prometheus’ text format, version 0.0.4. On the decide socket, where everybody may
ask, rules have no names; the admin socket adds them. **The table is written by \`scripts/generate-metrics-page.ts\`**, and a
test compares it.

\`\`\`sh
curl -sS --unix-socket /run/reeve/decide.sock http://reeve/metrics
\`\`\`

Prometheus itself does not scrape Unix sockets. Either something on the machine that does passes them on (Telegraf’s
\`inputs.prometheus\` takes \`unix:///run/reeve/decide.sock?path=/metrics\`), or a timer writes them where the node exporter’s
textfile collector reads:

\`\`\`sh
curl -sS --fail --unix-socket /run/reeve/decide.sock http://reeve/metrics -o /var/lib/node_exporter/reeve.prom.new && mv /var/lib/node_exporter/reeve.prom.new /var/lib/node_exporter/reeve.prom
\`\`\`

The counters of rules, \`reeve_rule_hits_total\`, are on the admin socket alone, which is for root and the daemon's own
user: let root's timer run the same line with \`/run/reeve/admin.sock\`. The file then tells whoever may read it the names
of rules and how often each of them counts; the collector needs no more than a group's right to read it.

[config/prometheus-alerts.yaml](../config/prometheus-alerts.yaml) holds alerts for it,
[config/grafana-dashboard.json](../config/grafana-dashboard.json) a dashboard; a test knows that every name in them is one
of these.

- **Counting costs an answer nothing that it would notice.** It allocates nothing and takes no lock; a test holds that.
- **A duration** begins when a question was read and ends when its answer is ready; waiting for a disk or a home is part of
  it, reading and writing the socket is not.
- **Rules** get a line when they first determine a decision: a thousand for each origin, and a thousand that are not in
  force any more. Further ones are counted together in \`reeve_rule_hits_other_total\`. A text of others in a label is cut at
  200 characters.
- **A swap of the policy** lets every counter go on. \`reeve_sync_runs_total\` begins anew when the thread for policies was
  lost and started again.

| metric | type | labels | socket | what |
| --- | --- | --- | --- | --- |
`;

export function metricsPage(): string {
  const rows = METRIC_NAMES.map((name) => {
    const { type, labels, on, help } = METRICS[name];
    const shown = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${shown} | ${on ?? 'both'} | ${help} |\n`;
  });
  return `${HEAD}${rows.join('')}`;
}
