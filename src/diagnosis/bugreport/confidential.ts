import { hostname, userInfo } from 'node:os';
import type { DaemonConfig } from '../../daemon/config/daemon-config.ts';
import { isLoopbackUrl } from '../../http/outbound-url.ts';
import { isObject } from '../../policy/rule-shape.ts';
import { readCredentialFile } from '../../sources/governance/credential-file.ts';
import { serviceOwner } from '../copy-state.ts';
import type { Confidential } from './redact.ts';

/** Everything confidential that this machine's configuration leads to. */
export function confidentialOf(
  config: DaemonConfig | null,
  status: unknown,
  { withNames, invoker }: Naming,
): Confidential {
  return { secrets: secretsOf(config), names: withNames ? new Map() : namesOf(config, status, invoker) };
}

export interface Naming {
  /** Names of people, machines and organisations stay. */
  readonly withNames: boolean;
  /** Who ran it under sudo; null = whom the process belongs to. */
  readonly invoker: string | null;
}

/** Read for no other purpose than not to repeat them. */
function secretsOf(config: DaemonConfig | null): readonly string[] {
  if (config?.source?.type !== 'governance') return [];
  const { source, stateDirectory } = config;
  try {
    const { identifier, secret } = readCredentialFile(
      source.credentialFile,
      serviceOwner(stateDirectory).credentialOwner,
    );
    return [secret, identifier];
  } catch {
    // then nobody here can have repeated them either
    return [];
  }
}

function namesOf(config: DaemonConfig | null, status: unknown, invoker: string | null): ReadonlyMap<string, string> {
  const names = new Map<string, string>([[hostname(), '<machine>']]);
  const { username, homedir } = accountOf();
  for (const user of [username, invoker ?? '']) if (namesSomebody(user)) names.set(user, '<user>');
  if (homedir !== '' && homedir !== '/' && homedir !== '/root') names.set(homedir, '~');
  // the daemon may belong to another one than this configuration, or run without it
  if (isObject(status) && typeof status['organisation'] === 'string') names.set(status['organisation'], '<org>');
  const source = config?.source ?? null;
  if (source === null) return names;
  names.set(source.org, '<org>');
  for (const team of source.teams ?? []) names.set(team, '<team>');
  const server = source.type === 'file' || !URL.canParse(source.baseUrl) ? null : new URL(source.baseUrl);
  // every machine has that one
  if (server !== null && !isLoopbackUrl(server)) names.set(server.hostname, '<source>');
  return names;
}

/** Accounts that every other machine has, or that reeve speaks of itself: they name nobody, and a report needs the words. */
const ORDINARY = new Set(
  'root reeve node daemon admin administrator user system service local policy test nobody ubuntu debian'.split(' '),
);
/** Shorter ones are words of any text: a report without them could not be read, and would tell the name by its gaps. */
const LEAST_USER = 3;

function namesSomebody(user: string): boolean {
  return user.length >= LEAST_USER && !ORDINARY.has(user.toLowerCase());
}

function accountOf(): { readonly username: string; readonly homedir: string } {
  try {
    return userInfo();
  } catch {
    return { username: '', homedir: '' };
  }
}
