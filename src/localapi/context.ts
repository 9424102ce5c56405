import type { Clock } from '../base/clock.ts';
import type { ApiLoad, DaemonPort, LocalApiLog } from './daemon-port.ts';
import type { LocalApiLimits } from './limits.ts';
import type { PeerCredentials } from './peer-credentials.ts';
import type { Router } from './router.ts';

/** What every connection works with. */
export interface LocalApiContext {
  readonly port: DaemonPort;
  readonly limits: LocalApiLimits;
  readonly log: LocalApiLog;
  readonly clock: Clock;
  readonly credentials: PeerCredentials;
  readonly router: Router;
  /** Lines of all connections that wait for their decision. */
  readonly unanswered: { count: number };
  readonly load: () => ApiLoad;
}
