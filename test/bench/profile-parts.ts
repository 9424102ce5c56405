import type { Stack } from './cpu-profile.ts';

/** A part of the work, and what a function of it is called; the first that fits counts. */
export type Parts = readonly (readonly [string, RegExp])[];

const COLLECTION = ['garbage collection', /^\(garbage collector\)$/] as const;
const OTHER = 'other native code';

/** What answers a question, by the function that ran. */
export const ANSWER_PARTS: Parts = [
  ['write, in the kernel mostly', /^(write(Latin1|Utf8|Ucs2|Ascii)String|writeBuffer|writev)$/],
  COLLECTION,
  ['native code without a name: the loop, epoll, read', /^\(program\)$/],
  ['decision log', /\(audit\/|^(ucs2Write|postMessage)$/],
  ['text of the answer', /\((policy\/(answer|rule-parts)|localapi\/reply-text)/],
  [
    'reading the question',
    /\((policy\/(request|action|resource)|schema\/|localapi\/(plain-line|line-id|authzen))|parse$/,
  ],
  ['deciding', /\(policy\//],
  ['framing and turns', /\((localapi|pdp)\//],
  ['the loop that asks', /\(bench\//],
  ['Node: streams, HTTP, timers', /\(node:/],
];

/** What an activation does, by the innermost function that fits: native code belongs to whoever called it. */
export const ACTIVATION_PARTS: Parts = [
  COLLECTION,
  ['JSON.parse of the bundle', /^parse \(bench\//],
  ['revision: canonical JSON and its digest', /\(bundle\//],
  ['keeping what was compiled', /\((daemon\/policy\/compiled-keeper|store\/compiled)/],
  ['storing the bundle: its text, digests, transactions', /\((store|sources)\/|better-sqlite3/],
  ['compiling: reading rules', /\((schema|policy\/(policy-document|rule|resource|placement|section|target-drafts))/],
  ['compiling: indexes and tables', /\((policy|pdp)\//],
  ['making up the changed bundle', /\(bench\//],
];

/** What a start does, in the same way. */
export const START_PARTS: Parts = [
  COLLECTION,
  ['packages set themselves up', /\(node_modules\/(?!better-sqlite3)/],
  ['SQLite: opening, reading', /better-sqlite3|\(store\/database/],
  ['stored policy: read, digests, signatures', /\((store|sources|tuf|bundle)\//],
  ['configuration', /\((daemon\/config|schema)\//],
  ['rest of reeve', /\((audit|base|cli|daemon|files|host|localapi|pdp|policy|realpath|socket)\//],
  ['finding, reading and linking modules', /\(node:internal\/modules/],
  ['Node itself', /\(node:|^\(program\)$/],
];

export const byFunction = ([name = '']: Stack): string => name;

/** By the function that ran. */
export function ranIn(parts: Parts): (stack: Stack) => string {
  return ([name = '']) => partOf(parts, name) ?? OTHER;
}

/** By the innermost function that belongs to any part. */
export function calledFrom(parts: Parts): (stack: Stack) => string {
  return (stack) => {
    for (const name of stack) {
      const part = partOf(parts, name);
      if (part !== null) return part;
    }
    return OTHER;
  };
}

function partOf(parts: Parts, name: string): string | null {
  return parts.find(([, pattern]) => pattern.test(name))?.[0] ?? null;
}
