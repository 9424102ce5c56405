import type { Origin } from './decision.ts';
import { type BuiltLayer, LayerBuilder } from './layer.ts';
import type { Draft } from './placement.ts';
import type { HostFacts, PerDomain } from './policy-set.ts';
import type { DomainClosure, DomainState } from './snapshot.ts';

/** One origin's part of a compiled policy. */
export interface Section extends Omit<Draft, 'states' | 'placed' | 'unlisted'>, BuiltLayer {}

/** What a section is made for, beside its rules. */
export interface SectionFrame {
  readonly states: PerDomain<DomainState>;
  readonly host: HostFacts;
  /** Nobody asks for the listing. */
  readonly unlisted: boolean;
}

export function sectionOf(origin: Origin, frame: SectionFrame, place: (draft: Draft) => void): Section {
  const { states, host, unlisted } = frame;
  const placed = new LayerBuilder(origin, host);
  const gathered = { closures: [], listing: [], warnings: [], issues: [], counts: { active: 0, inactive: 0 } };
  const draft: Draft = { states, placed, unlisted, ...gathered };
  place(draft);
  const { closures, listing, warnings, issues, counts } = draft;
  return { ...placed.build(), closures: firstOfEach(closures), listing, warnings, issues, counts };
}

/** Everything that a section depends on beside its rules, as text; without the homes and links of this machine. */
export function frameKey({ states, host, unlisted }: SectionFrame): string {
  return JSON.stringify([states, host.platform, host.foldingMounts, unlisted]);
}

/** The rest of it. */
export function machineKey({ host }: SectionFrame): string {
  return JSON.stringify([[...host.homes], [...host.links]]);
}

/** The part of the rest that a section was made from: others may change without it. */
export function ownMachineKey({ usesHomes, prefixes }: Section, { host }: SectionFrame): string {
  const links = prefixes.flatMap((prefix) => {
    const link = host.links.get(prefix);
    return link === undefined ? [] : [[prefix, link.resolved, link.trusted]];
  });
  return JSON.stringify([usesHomes ? [...host.homes] : [], links]);
}

/** A thousand rules that cannot be evaluated close a domain no more than one does, and every request looks at all. */
function firstOfEach(closures: readonly DomainClosure[]): DomainClosure[] {
  const first = new Map<string, DomainClosure>();
  for (const closure of closures) {
    const key = `${closure.domain} ${closure.code} ${closure.uid ?? ''}`;
    if (!first.has(key)) first.set(key, closure);
  }
  return [...first.values()];
}
