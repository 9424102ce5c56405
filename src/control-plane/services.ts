import type { Clock } from '../base/clock.ts';
import type { Database } from '../store/database.ts';
import { FailedExchanges } from './auth/failed-exchanges.ts';
import { Turnstile } from './auth/turnstile.ts';
import { MAX_RUNNING_EXCHANGES, MAX_WAITING_EXCHANGES } from './limits.ts';
import { type CredentialLookup, credentialLookup } from './store/credential-rows.ts';
import { tokenKey } from './store/open.ts';
import { openTables, type Tables } from './store/tables.ts';
import { unknownTeam } from './teams.ts';

/** What the handlers work with; made once a server. */
export interface Services {
  readonly clock: Clock;
  readonly tables: Tables;
  readonly credentials: CredentialLookup;
  readonly key: Uint8Array;
  readonly failures: FailedExchanges;
  readonly turnstile: Turnstile;
  readonly unknownTeam: (org: string, ids: readonly string[]) => string | null;
  /** Told of each write to an organisation's policies. Must not throw. */
  readonly onChange: (org: string) => void;
}

export function openServices(database: Database, clock: Clock, onChange: Services['onChange']): Services {
  return {
    clock,
    tables: openTables(database, clock),
    credentials: credentialLookup(database),
    key: tokenKey(database),
    failures: new FailedExchanges(() => clock.now()),
    turnstile: new Turnstile({ running: MAX_RUNNING_EXCHANGES, waiting: MAX_WAITING_EXCHANGES }),
    unknownTeam: (org, ids) => unknownTeam(database, org, ids),
    onChange,
  };
}
