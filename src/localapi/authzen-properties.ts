import type { Members } from './authzen-envelope.ts';

interface PropertyTypes {
  string: string;
  boolean: boolean;
  integer: number;
  strings: readonly string[];
  object: Members;
}

const WORDS: Readonly<Record<keyof PropertyTypes, string>> = {
  string: 'a string',
  boolean: 'true or false',
  integer: 'an integer',
  strings: 'an array of strings',
  object: 'an object',
};

const NONE: Members = {};

/** The `properties` of one entity, where it has any: known ones are absent or of their type, unknown ones are never looked at. */
export class Properties {
  readonly #members: Members;
  readonly #where: string;
  readonly #faults: string[];

  /** What is wrong is added to `faults`. */
  constructor(members: Members | null | undefined, where: string, faults: string[]) {
    this.#members = members ?? NONE;
    this.#where = where;
    this.#faults = faults;
  }

  /** undefined when absent, `null` or of another type; the last of these is a fault. */
  read<Type extends keyof PropertyTypes>(name: string, type: Type): PropertyTypes[Type] | undefined {
    if (this.#members === NONE) return undefined;
    const value = Object.hasOwn(this.#members, name) ? (this.#members[name] ?? undefined) : undefined;
    if (value === undefined) return undefined;
    if (isOfType(value, type)) return value;
    this.#faults.push(`\`${this.#where}.${name}\` must be ${WORDS[type]}`);
    return undefined;
  }
}

function isOfType<Type extends keyof PropertyTypes>(value: unknown, type: Type): value is PropertyTypes[Type] {
  switch (type) {
    case 'string':
    case 'boolean':
      return typeof value === type;
    case 'integer':
      return Number.isInteger(value);
    case 'strings':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    default:
      return typeof value === 'object' && !Array.isArray(value);
  }
}
