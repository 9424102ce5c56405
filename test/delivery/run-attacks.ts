import assert from 'node:assert/strict';
import { openScope } from '../support/scope.ts';
import type { Attack, AttackResult, OpenRig, Rig, Sighting } from './attack.ts';
import { generic, lineOf } from './log-line.ts';
import { type Stand, type StandStatus, stand } from './stand.ts';

/** As long as an answer may take; a quick one has to arrive within it on a busy machine too. */
const DEADLINES = { quick: 10_000, slow: 1_200 };

/** Longer than it takes to look at a plan and to act on it. */
const QUIET_MS = 300;

interface Scene {
  readonly kind: Rig;
  readonly rig: OpenRig;
  readonly place: Stand;
  /** How many tries a good answer has: on a busy machine it may miss a short deadline. */
  readonly patience: number;
}

interface Seen {
  readonly attack: Attack;
  readonly sightings: readonly Sighting[];
  readonly healed: boolean;
}

type Lane = (scene: Scene, attacks: readonly Attack[]) => Promise<readonly Seen[]>;

/** Does each to a machine that holds a policy and to one that never had any, and looks at both. */
export async function runAttacks(kind: Rig, attacks: readonly Attack[]): Promise<readonly AttackResult[]> {
  const held = lanesOf(attacks).map((lane) => inScene(kind, lane, heldLane));
  const first = lanesOf(attacks).map((lane) => inScene(kind, lane, firstLane));
  const [later, earlier] = [(await Promise.all(held)).flat(), (await Promise.all(first)).flat()];
  return attacks.map((attack) => {
    const [seen, atFirst] = [later, earlier].map((all) => all.find((one) => one.attack === attack));
    return {
      attack,
      source: kind.type,
      held: seen?.sightings ?? [],
      first: atFirst?.sightings ?? [],
      healed: seen?.healed === true && atFirst?.healed !== false,
    };
  });
}

/** Each lane is a machine of its own: what is slow waits beside the others, and beside what needs certificates. */
function lanesOf(attacks: readonly Attack[]): readonly (readonly Attack[])[] {
  const quick = attacks.filter((attack) => attack.slow !== true && !isSecure(attack));
  return [quick, attacks.filter((attack) => !quick.includes(attack))];
}

function isSecure({ does }: Attack): boolean {
  return typeof does !== 'function' && does.kind === 'presenting';
}

async function inScene(kind: Rig, attacks: readonly Attack[], lane: Lane): Promise<readonly Seen[]> {
  if (attacks.length === 0) return [];
  const scope = openScope();
  try {
    const rig = await kind.publisher().open(scope, attacks.some(isSecure));
    const slow = attacks.some((attack) => attack.slow === true);
    const place = stand(scope, { source: rig.source, deadlineMs: slow ? DEADLINES.slow : DEADLINES.quick });
    return await lane({ kind, rig, place, patience: slow ? 3 : 1 }, attacks);
  } finally {
    await scope.close();
  }
}

async function heldLane(scene: Scene, attacks: readonly Attack[]): Promise<readonly Seen[]> {
  const { rig, place, kind } = scene;
  await place.start();
  await place.idle();
  assert.ok(await heals(scene), 'the first policy does not arrive');
  const results: Seen[] = [];
  for (const attack of attacks) {
    const sightings: Sighting[] = [];
    await place.logged();
    const before = await pictureOf(scene, rig.newest());
    assert.equal(before.answers['its own rule'], 'allow org_allow', `before ${attack.id}`);
    for (const where of attack.places ?? kind.places) sightings.push(await suffer(scene, attack, where, before));
    results.push({ attack, sightings, healed: await heals(scene) });
  }
  return results;
}

/** Nothing good is ever heard before the end, so that each attack meets a machine without a policy. */
async function firstLane(scene: Scene, attacks: readonly Attack[]): Promise<readonly Seen[]> {
  const { rig, place, kind } = scene;
  const shown = attacks.filter(
    ({ does, believed, heldOnly }) =>
      !('kind' in does && does.kind === 'sweep') && believed === undefined && heldOnly !== true,
  );
  shown.sort((a, b) => rankOf(a) - rankOf(b));
  const opening = shown[0];
  if (opening === undefined) return [];
  const placesOf = (attack: Attack): readonly string[] => attack.places ?? kind.places;
  await rig.arm(opening.does, placesOf(opening)[0] ?? '');
  await place.start();
  await place.idle();
  const before = await pictureOf(scene, rig.newest());
  const results: Seen[] = [];
  for (const attack of shown) {
    const sightings: Sighting[] = [];
    const places = placesOf(attack).slice(0, attack.slow === true ? 1 : undefined);
    for (const where of places) sightings.push(await suffer(scene, attack, where, before));
    results.push({ attack, sightings, healed: true });
  }
  const healed = await heals(scene);
  return results.map((result) => ({ ...result, healed }));
}

/** What wants to be left alone pushes away every run that would begin by itself for the rest; what lasts is the last. */
function rankOf({ lasting, restSeconds }: Attack): number {
  if (lasting === true) return 2;
  return restSeconds === undefined ? 0 : 1;
}

/** What a machine serves, from outside. */
interface Picture {
  readonly own: number;
  readonly revision: string;
  readonly generation: number;
  readonly inactive: number;
  readonly answers: Readonly<Record<string, string>>;
}

async function pictureOf({ rig, place }: Scene, own: number): Promise<Picture> {
  const { revision, generation, rules } = await place.status();
  const hosts = [
    'a.example',
    'bad.example',
    'evil.example',
    `r${own}.example`,
    `r${Math.max(own + 1, rig.newest())}.example`,
  ];
  const names = [...hosts.slice(0, 3), 'its own rule', 'the next rule'];
  const answers = await place.ask(...hosts);
  return {
    own,
    revision,
    generation,
    inactive: rules.inactive,
    answers: Object.fromEntries(names.map((name, at) => [name, answers[at] ?? ''])),
  };
}

async function suffer(scene: Scene, attack: Attack, where: string, before: Picture): Promise<Sighting> {
  const { rig, place } = scene;
  // a run that has begun already would be joined
  if (rankOf(attack) === 0) await place.idle(QUIET_MS);
  await rig.publish(where);
  const armed = await rig.arm(attack.does, where);
  const says = new Map<string, string>();
  let tookMs = 0;
  do {
    const begun = performance.now();
    await place.sync();
    tookMs = Math.max(tookMs, performance.now() - begun);
    const status = await place.status();
    says.set(sayOf(status), messageOf(status, rig.origin()));
  } while (!armed.over());
  const rest = attack.restSeconds === undefined ? '' : await restOf(scene);
  const sorted = [...says].sort(([a], [b]) => a.localeCompare(b));
  return {
    place: where,
    served: difference(before, await pictureOf(scene, before.own)),
    says: sorted.map(([say]) => say).join(', '),
    message: `${sorted[0]?.[1] ?? ''}${rest}`,
    logged: (await place.logged()).map(lineOf),
    tookMs,
  };
}

async function heals({ rig, place, patience }: Scene): Promise<boolean> {
  await rig.disarm();
  await rig.publish('');
  let answer = await place.sync();
  for (let tries = 1; answer.status !== 200 && tries < patience; tries += 1) answer = await place.sync();
  const { source } = await place.status();
  const [allowed] = await place.ask(`r${rig.newest()}.example`);
  return answer.status === 200 && source?.state === 'ok' && allowed === 'allow org_allow';
}

/** Whoever asks again is told how long the server wants to be left alone; then that time passes. */
async function restOf({ place }: Scene): Promise<string> {
  const { status, retryAfter } = await place.sync();
  const seconds = Number(retryAfter ?? 0);
  place.shift((seconds + 1) * 1_000);
  return `; \`sync\` answers ${status}, Retry-After about ${Math.round(seconds / 5) * 5} s`;
}

function sayOf({ source }: StandStatus): string {
  if (source === null) return 'no source';
  const { state, last_error: error, pending_absences: absences } = source;
  const absent = absences.length === 0 ? '' : `, ${absences.length} absent`;
  return error === null ? `${state}${absent}` : `${error.stage} ${error.code}`;
}

/** Without what is by chance: the port, and how the driver calls it. */
function messageOf({ source }: StandStatus, origin: string): string {
  const message = source?.last_error?.message ?? '';
  return generic(message.replaceAll(origin, '').replaceAll(/ \([A-Z_]+\)/g, ''));
}

function difference(before: Picture, after: Picture): string {
  const changed = Object.entries(after.answers).filter(([name, answer]) => before.answers[name] !== answer);
  const parts = changed.map(([name, answer]) => `${name}: ${answer}`);
  if (before.revision !== after.revision) parts.unshift('another revision');
  else if (before.generation !== after.generation) parts.unshift('another generation');
  if (before.inactive !== after.inactive)
    parts.push(`${after.inactive} inactive rule${after.inactive === 1 ? '' : 's'}`);
  return parts.length === 0 ? 'as before' : parts.join('; ');
}
