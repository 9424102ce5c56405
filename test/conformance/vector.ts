import { readdirSync, readFileSync } from 'node:fs';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Expectation {
  readonly decision?: 'allow' | 'deny';
  readonly code?: string;
  readonly rule?: JsonObject;
  readonly resolved_path?: string;
  readonly ip_checked?: boolean;
  readonly error?: true;
  readonly unsupported?: true;
  readonly refused?: true;
  readonly suggests?: string;
}

/** One line of a vector file; README.md beside this file says what the members mean. */
export interface Vector {
  readonly number: number;
  readonly part?: string;
  readonly note: string;
  readonly case?: JsonObject & { readonly request: JsonObject };
  readonly write?: JsonObject;
  readonly check?: string;
  readonly target?: { readonly host: string; readonly port: number };
  readonly expect: Expectation;
}

export interface Difference {
  readonly number: number;
  readonly docker: string;
  readonly reeve: string;
  readonly reason: string;
}

const HERE = new URL('./', import.meta.url);

/** All lines of all vector files. */
export function readVectors(): readonly Vector[] {
  const directory = new URL('vectors/', HERE);
  return readdirSync(directory)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(new URL(name, directory), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Vector);
}

export function readDifferences(): readonly Difference[] {
  return JSON.parse(readFileSync(new URL('differences.json', HERE), 'utf8')) as Difference[];
}
