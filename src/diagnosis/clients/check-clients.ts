import { examined, type Verdict } from '../finding.ts';
import { checkAgents } from './check-agents.ts';
import { checkSandboxRuntime } from './check-sandbox-runtime.ts';
import { checkSquid } from './check-squid.ts';
import type { ClientPlaces } from './places.ts';

/** Whoever enforces what reeve decides: what is found here, and whether it denies when it cannot ask. */
export function checkClients(places: ClientPlaces): Verdict {
  const all = [checkAgents(places), checkSandboxRuntime(places), checkSquid(places)];
  const names = all.flatMap((one) => one.names);
  return examined(
    names.length === 0 ? 'none of those that are known here' : names.join(', '),
    all.flatMap(({ findings }) => findings),
  );
}
