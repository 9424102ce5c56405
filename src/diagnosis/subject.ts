import { join } from 'node:path';
import type { DaemonConfig } from '../daemon/config/daemon-config.ts';
import type { Installation } from '../daemon/config/load-config.ts';
import { findSocket, hasSystemInstall, type SocketChoice, userSocketDirectory } from '../socket/find-socket.ts';
import { ADMIN_SOCKET, DECIDE_SOCKET, type SocketLayout } from '../socket/layout.ts';
import type { ServiceLook } from './check-service.ts';
import type { ClientPlaces } from './clients/places.ts';
import type { BeforeEnd } from './copy-state.ts';

/** What is to be examined, and how far. */
export interface DoctorOptions {
  /** The configuration file that the daemon of this machine has or would have; null = there is none. */
  readonly configFile: string | null;
  readonly installation: Installation;
  /** Named on the command line. */
  readonly sockets: { readonly decide: string | undefined; readonly admin: string | undefined };
  /** Nothing is fetched: neither by the daemon nor in its place. */
  readonly offline: boolean;
  readonly places: ClientPlaces;
  readonly service: ServiceLook;
  readonly version: string;
  readonly now: () => number;
  readonly beforeEnd: BeforeEnd;
}

/** What the checks behind the configuration look at. */
export interface Subject {
  readonly options: DoctorOptions;
  readonly config: DaemonConfig | null;
  readonly decide: SocketChoice;
  readonly admin: SocketChoice;
  /** In every question that this run asks, so that it finds them again. */
  readonly nonce: string;
}

/** The sockets that were named, else the configuration's, else those that any client would look for. */
export function subjectOf(options: DoctorOptions, config: DaemonConfig | null, nonce: string): Subject {
  const { sockets, installation } = options;
  const { layout } = installation;
  const choose = (name: 'decide' | 'admin', configured: string | undefined): SocketChoice =>
    // where clients look by themselves they are careful about whose socket it is, and so is this
    sockets[name] === undefined && configured === placeOf(name, layout)
      ? findSocket(name, layout)
      : findSocket(name, layout, sockets[name] ?? configured);
  return {
    ...{ options, config, nonce },
    decide: choose('decide', config?.decideSocket),
    admin: choose('admin', config?.adminSocket),
  };
}

/** Where a client looks that was told nothing; undefined = it would not know where. */
function placeOf(name: 'decide' | 'admin', layout: SocketLayout): string | undefined {
  const directory = hasSystemInstall(layout) ? layout.systemDirectory : userSocketDirectory(layout);
  return directory === null ? undefined : join(directory, name === 'decide' ? DECIDE_SOCKET : ADMIN_SOCKET);
}

/** The host that this run asks about; no rule names it, and no name server knows it (RFC 6761). */
export function doctorHost({ nonce }: Pick<Subject, 'nonce'>): string {
  return `reeve-doctor-${nonce}.invalid`;
}
