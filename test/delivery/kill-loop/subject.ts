import { misbehavingServer } from '../../support/misbehaving-server.ts';
import type { Scope } from '../../support/scope.ts';
import { governanceContent, ruleOf } from '../governance-rig.ts';
import { HTTP_EVILS } from '../http-attacks.ts';
import type { HttpContent } from '../http-rig.ts';
import { tufContent } from '../tuf-rig.ts';

/** Hosts that are asked for; which of them revision `n` allows says how much of it there is. */
const HOSTS = 60;
const EVERY = 7;

/** Who publishes the revisions that a daemon dies over. */
export interface Subject {
  /** `source` of the configuration file. */
  readonly source: (root: string) => Readonly<Record<string, unknown>>;
  /** Makes the next revision, gives its number, and lets it be had. */
  publish(): Promise<number>;
  /** From here on nothing is to be had. */
  withhold(): void | Promise<void>;
}

/** The rules of revision `n`: some hosts of a hundred, none of the others, and one that no other revision allows. */
export function rulesOf(revision: number): readonly object[] {
  const allowed = Array.from({ length: HOSTS }, (_, host) => host).filter((host) => isAllowed(revision, host));
  const allows = allowed.map((host) => ruleOf('allow', [nameOf(host)], `allow_${host}`));
  return [ruleOf('allow', [`r${revision}.example`], 'own'), ...allows, ruleOf('deny', ['bad.example'])];
}

function isAllowed(revision: number, host: number): boolean {
  return (revision + host) % EVERY === 0;
}

function nameOf(host: number): string {
  return `h${host}.example`;
}

/** What a machine has to answer that serves revision `n`; 0 = it never had any. */
export function expectedOf(revision: number): Readonly<Record<string, string>> {
  const expected = (allowed: boolean): string => {
    if (revision === 0) return 'deny no_policy';
    return allowed ? 'allow org_allow' : 'deny default_deny';
  };
  const neighbours = [revision - 1, revision, revision + 1].map((number) => [
    `r${number}.example`,
    expected(number === revision),
  ]);
  const hosts = Array.from({ length: HOSTS }, (_, host) => [nameOf(host), expected(isAllowed(revision, host))]);
  const bad = ['bad.example', revision === 0 ? 'deny no_policy' : 'deny org_deny'];
  return Object.fromEntries([...neighbours, ...hosts, bad]) as Readonly<Record<string, string>>;
}

export function governanceSubject(scope: Scope): Promise<Subject> {
  return subjectOf(scope, governanceContent(rulesOf));
}

/** Every third revision comes with new keys. */
export function tufSubject(scope: Scope): Promise<Subject> {
  return subjectOf(scope, tufContent({ rulesIn: rulesOf, rotatesAt: (revision) => revision % 3 === 0 }));
}

async function subjectOf(scope: Scope, content: HttpContent): Promise<Subject> {
  const server = await misbehavingServer(scope, content.responder);
  const withhold = (): void => server.misbehave(HTTP_EVILS['not-found'].does);
  withhold();
  return {
    withhold,
    source: (root) => content.source(server.origin, root),
    async publish() {
      await content.publish('');
      server.behave();
      return content.newest();
    },
  };
}
