import { shown } from '../base/shown.ts';
import type { SocketName } from './channel.ts';
import { LocalApiError } from './local-api-error.ts';

/** The variables of the service manager's socket activation, as the daemon found them. */
export interface ActivationVariables {
  readonly LISTEN_PID?: string | undefined;
  readonly LISTEN_FDS?: string | undefined;
  readonly LISTEN_FDNAMES?: string | undefined;
}

export type ActivatedSockets = Readonly<Partial<Record<SocketName, number>>>;

/** Descriptors 0 to 2 are the standard streams; handed-over sockets follow. */
const FIRST_DESCRIPTOR = 3;
const MAX_DESCRIPTORS = 64;

/** The sockets that were handed over, by name; empty when none were, or when they are meant for another process. */
export function readActivation(variables: ActivationVariables, pid: number): ActivatedSockets {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = variables;
  if (LISTEN_FDS === undefined || LISTEN_PID !== String(pid)) return {};
  const count = /^\d{1,3}$/.test(LISTEN_FDS) ? Number(LISTEN_FDS) : Number.NaN;
  if (!(count <= MAX_DESCRIPTORS)) throw invalid(`\`LISTEN_FDS\` is ${shown(LISTEN_FDS)}, expected a number`);
  if (count === 0) return {};
  const names = (LISTEN_FDNAMES ?? '').split(':');
  if (names.length !== count) throw invalid(`${count} sockets were handed over with ${names.length} names`);
  const sockets: Partial<Record<SocketName, number>> = {};
  for (const [index, name] of names.entries()) {
    if (name !== 'decide' && name !== 'admin') throw invalid(`a socket is named ${shown(name)}`);
    if (sockets[name] !== undefined) throw invalid(`two sockets are named \`${name}\``);
    sockets[name] = FIRST_DESCRIPTOR + index;
  }
  return sockets;
}

function invalid(what: string): LocalApiError {
  const hint = 'set `FileDescriptorName=decide` and `FileDescriptorName=admin` in the socket units';
  return new LocalApiError('activation_invalid', `socket activation: ${what}; ${hint}`);
}
