import type { Effect } from './decision.ts';
import { Column } from './index/column.ts';
import { EVERYBODY } from './index/hits.ts';
import { type TextTable, TextTableBuilder } from './index/text-table.ts';

/** Bits of `TargetTable.flags`; the four lowest are `ACTION_BIT`. */
export const DENIES = 0x10;
/** Its rule takes no part. */
export const INERT = 0x20;
/** Its rule is of a policy that asks for an approval. */
export const APPROVAL = 0x40;
/** Counts only for some askers: `owners`, `homes` or the next bit say which. */
export const PERSONAL = 0x80;
/** Counts for all but ordinary users (Paths 6). */
export const UNLESS_ORDINARY = 0x200;
/** Leads through a link that root does not own (Paths 7). */
export const UNTRUSTED = 0x100;

/**
 * The ways in which resources of rules can match, in the order in which determining rules are named; the indexes hold
 * positions in these columns.
 */
export interface TargetTable {
  /** The resource as it was written, by target. */
  readonly texts: TextTable;
  readonly textNumbers: Uint32Array;
  readonly rules: Uint32Array;
  readonly flags: Uint16Array;
  /** 0 = every port. */
  readonly ports: Uint16Array;
  /** For an address or prefix its length + 1; 0 = it is no such. */
  readonly lengths: Uint8Array;
  /** The uid for whose requests the rule counts. Empty where all are everybody's. */
  readonly owners: Uint32Array;
  /** The uid whose home `~` is. Empty where there is none. */
  readonly homes: Uint32Array;
}

/** The parts of a question that decide whether a rule that matches also counts. */
export interface Asked {
  /** One of `ACTION_BIT`. */
  readonly actions: number;
  /** 0 = the question has none. */
  readonly port: number;
  readonly uid: number | null;
  /** uid known, neither root nor nobody, home found (Paths 6). */
  readonly ordinary: boolean;
}

/** Whether a target that matched is part of the decision for this request, as an allow or a deny. */
export function counts(table: TargetTable, target: number, asked: Asked): boolean {
  const flags = table.flags[target] ?? INERT;
  if ((flags & asked.actions) === 0 || (flags & (INERT | UNTRUSTED)) !== 0) return false;
  const port = table.ports[target] ?? 0;
  if (port !== 0 && port !== asked.port) return false;
  return (flags & PERSONAL) === 0 || concerns(table, target, asked) === null;
}

/** The last that can exclude a target: without it the target would count (Paths 7). */
export const UNTRUSTED_LINK = 'it leads through a link that is not owned by root';

/** Why a target that matches does not count for this request, its rule's inertness apart; null = it does. */
export function exclusion(table: TargetTable, target: number, asked: Asked): string | null {
  const flags = table.flags[target] ?? 0;
  const port = table.ports[target] ?? 0;
  if ((flags & asked.actions) === 0) return 'it names another action';
  if (port !== 0 && port !== asked.port) return 'it names another port';
  return concerns(table, target, asked) ?? ((flags & UNTRUSTED) === 0 ? null : UNTRUSTED_LINK);
}

/** Why the asker is not meant; null = is. */
function concerns({ owners, homes, flags }: TargetTable, target: number, asked: Asked): string | null {
  const owner = owners[target] ?? EVERYBODY;
  if (owner !== EVERYBODY && owner !== asked.uid) return 'it counts for another user';
  const home = homes[target] ?? EVERYBODY;
  const isMeant = home === EVERYBODY || home === asked.uid;
  const isExempt = ((flags[target] ?? 0) & UNLESS_ORDINARY) !== 0 && asked.ordinary;
  return isMeant && !isExempt ? null : '`~` is the home of another user';
}

export function effectOf({ flags }: TargetTable, target: number): Effect {
  return ((flags[target] ?? DENIES) & DENIES) === 0 ? 'allow' : 'deny';
}

export interface TargetRow {
  readonly text: string;
  readonly rule: number;
  readonly flags: number;
  readonly port: number;
  readonly length: number;
  readonly owner: number;
  readonly home: number;
}

export class TargetTableBuilder {
  readonly #texts = new TextTableBuilder();
  readonly #textNumbers = new Column();
  readonly #rules = new Column();
  readonly #flags = new Column();
  readonly #ports = new Column();
  readonly #lengths = new Column();
  readonly #owners = new Column();
  readonly #homes = new Column();
  #lastText: string | null = null;

  get count(): number {
    return this.#rules.length;
  }

  add({ text, rule, flags, port, length, owner, home }: TargetRow): void {
    // the forms of one resource follow one another
    if (text !== this.#lastText) this.#texts.add(text);
    this.#lastText = text;
    this.#textNumbers.push(this.#texts.size - 1);
    this.#rules.push(rule);
    this.#flags.push(flags);
    this.#ports.push(port);
    this.#lengths.push(length);
    this.#owners.push(owner);
    this.#homes.push(home);
  }

  build(): TargetTable {
    return {
      texts: this.#texts.build(),
      textNumbers: this.#textNumbers.build(),
      rules: this.#rules.build(),
      flags: Uint16Array.from(this.#flags.build()),
      ports: Uint16Array.from(this.#ports.build()),
      lengths: Uint8Array.from(this.#lengths.build()),
      owners: orEmpty(this.#owners.build()),
      homes: orEmpty(this.#homes.build()),
    };
  }
}

/** Most layers are everybody's. */
function orEmpty(uids: Uint32Array): Uint32Array {
  return uids.every((uid) => uid === EVERYBODY) ? new Uint32Array(0) : uids;
}
