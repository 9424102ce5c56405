import type { Clock } from '../base/clock.ts';
import type { ActivatedSockets } from '../localapi/activation.ts';
import type { DaemonPort, LocalApiLog } from '../localapi/daemon-port.ts';
import type { SocketSource } from '../localapi/listen.ts';
import type { PeerCredentials } from '../localapi/peer-credentials.ts';
import { type LocalApi, startLocalApi } from '../localapi/start-local-api.ts';
import { type DaemonConfig, SOCKET_MODES } from './config/daemon-config.ts';
import { watchDecisions } from './service/heartbeat.ts';

export interface DaemonSocketOptions {
  readonly config: DaemonConfig;
  readonly log: LocalApiLog;
  readonly clock: Clock;
  /** Listening sockets that were handed over, by name; the others are made here. */
  readonly activated?: ActivatedSockets;
}

export function openSockets(
  port: DaemonPort,
  { config, log, clock, activated }: DaemonSocketOptions,
  credentials: PeerCredentials,
): Promise<LocalApi> {
  const { decideSocket, adminSocket, service } = config;
  const { decide, admin } = activated ?? {};
  return startLocalApi({
    sockets: {
      decide: socketSource(decide, { path: decideSocket, mode: SOCKET_MODES[service].decide }),
      admin: socketSource(admin, { path: adminSocket, mode: SOCKET_MODES[service].admin }),
    },
    port,
    log,
    clock,
    credentials,
  });
}

function socketSource(fd: number | undefined, own: { path: string; mode: number }): SocketSource {
  return fd === undefined ? { kind: 'path', ...own } : { kind: 'descriptor', fd };
}

/** The same port, with a watch over decisions that do not come. */
export function watchedPort(port: DaemonPort): { readonly port: DaemonPort; readonly longestWaitMs: () => number } {
  const { point: decisionPoint, longestWaitMs } = watchDecisions(port.decisionPoint);
  return {
    longestWaitMs,
    port: {
      ...port,
      decisionPoint,
      // changes with the configuration: a copy would not
      get authzenIdentifier() {
        return port.authzenIdentifier;
      },
    },
  };
}
