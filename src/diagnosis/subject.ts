import type { DaemonConfig } from '../daemon/daemon-config.ts';
import type { Installation } from '../daemon/load-config.ts';
import { findSocket, type SocketChoice } from '../socket/find-socket.ts';
import type { ServiceLook } from './check-service.ts';
import type { ClientPlaces } from './clients/places.ts';

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
  const choose = (name: 'decide' | 'admin', configured: string | undefined): SocketChoice =>
    findSocket(name, installation.layout, sockets[name] ?? configured);
  return {
    ...{ options, config, nonce },
    decide: choose('decide', config?.decideSocket),
    admin: choose('admin', config?.adminSocket),
  };
}

/** The host that this run asks about; no rule names it, and no name server knows it (RFC 6761). */
export function doctorHost({ nonce }: Pick<Subject, 'nonce'>): string {
  return `reeve-doctor-${nonce}.invalid`;
}
