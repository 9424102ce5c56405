import { readFileSync } from 'node:fs';

/** Where enforcement points of this machine keep their settings. */
export interface ClientPlaces {
  /** `/`; a test has another one. */
  readonly root: string;
  /** Whose settings are looked at, as far as they may be read. */
  readonly homes: readonly string[];
}

/** The first uid of a person. */
const FIRST_PERSON = 1_000;
/** Nobody, and what container users are seen as. */
const OVERFLOW_UID = 65_534;
const MOST_HOMES = 100;

/** Root looks after everybody who has an account on this machine itself; anybody else after their own. */
export function clientPlaces(uid: number, home: string | null, passwd = '/etc/passwd'): ClientPlaces {
  const own = home === null ? [] : [home];
  return { root: '/', homes: uid === 0 ? [...new Set([...own, ...localHomes(passwd)])].slice(0, MOST_HOMES) : own };
}

function localHomes(passwd: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(passwd, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const [, , uid, , , home = ''] = line.split(':');
    const number = Number(uid);
    return number >= FIRST_PERSON && number !== OVERFLOW_UID && home.startsWith('/') ? [home] : [];
  });
}
