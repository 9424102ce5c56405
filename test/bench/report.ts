import { availableParallelism } from 'node:os';
import type { Row } from './goals.ts';
import { markdownTable } from './table.ts';

/** The last section of docs/benchmarks.md: `npm run soak` takes half an hour of its own, and the bench leaves it alone. */
export function soakSection(document: string): string {
  const at = document.indexOf('\n## Soak\n');
  return at === -1 ? '' : document.slice(at);
}

/** docs/benchmarks.md. The machine is named by what makes figures comparable, and by nothing else. */
export function report(rows: readonly Row[], profiles: string, soak: string): string {
  return `# Benchmarks

Written by \`npm run bench\` on ${availableParallelism()} cores with Node ${process.version}. Run it to see your own machine's figures;
\`npm run bench -- --quick\` takes less than two minutes on 2 cores and leaves this file alone.

## How to read it

- Every figure is a ratio to something measured **in the same run, in turns** with it: a floor (a Node server that
  echoes bytes, NDJSON, NDJSON without duplicate keys, or answers every HTTP request with the same text) or a peer. What
  the machine was busy with besides meets both. The ratio is taken of each round, and the median of the rounds is shown.
- *goal bar*: what was set as reachable; *bar to beat*: what this project asks of itself beyond it. **beaten**: the bar
  to beat holds; **met**: the goal does; **missed**: neither.
- The daemon is \`reeve daemon\` as \`npm run build\` makes it, with its policy in its database, asked on its socket by a
  client in a process of its own that blocks in \`send\` and \`recv\`; where questions come one by one, both ends share
  a core, because the scheduler's moods cost more than the difference between two servers. Servers have answered tens of thousands of
  questions before anything is timed.
- Policies, per 20 rules: 5 exact hosts, 3 \`host:port\`, 2 \`*.x\`, 2 \`**.x\`, 2 IPv4 prefixes, 1 IPv6 /48, 2 \`/…/**\`,
  2 paths with a \`*\` segment, 1 exact path; 10 % deny. Questions are exact, wildcard, address and path in equal parts,
  and half of them hit a rule. Before anything is timed, engine and scan have to give the same answers.
- Answers are complete: canonical request, determining rule, reason, revision and generation. In process, what is
  measured is an object that becomes a request (read and canonicalised), is decided, and becomes the text of the
  answer as a socket sends it; in processor time of the thread that does it.
- The decision log is on everywhere, as it is by default, except where G15 compares it with none. It keeps some 14,000
  decisions a second and counts the others; G15 says how many were kept.
- G12: the gap is that of the loop of the thread that answers. A process that has nothing to do shows beside it how long
  the machine lets anybody wait; an echo does the same for the p99.
- G13: all typed arrays of a compiled policy, shared between threads or not, and what lies beside them, less ids, names
  and resources of the rules, which anybody has to keep who names the rule in an answer.
- G14: a built daemon with a compile cache (\`NODE_COMPILE_CACHE\`), with its policy in its database and a decision log of
  ten million records beside it, written by the log's own code.

## Figures

${markdownTable(rows)}

## Where the time goes

\`npm run bench -- --profile\`, under \`--cpu-prof\`: what stands between the figures that are missed and their bars. Time in
which a thread waits is left out. Answers are those of 10,000 rules, of the thread that answers; a write that wakes the
client may last until the client has run on the same core. Native code counts for the function that called it, except
in answers, where it is named.

${profiles}
${soak}`;
}
