import { isDeepStrictEqual } from 'node:util';
import type { CompiledPolicy } from '../../policy/snapshot.ts';
import type { DaemonConfig } from './daemon-config.ts';

/** What another configuration changes. */
export type ConfigChange =
  | {
      readonly kind: 'changed';
      /** The settings that are different, as the file names them; none = it says the same. */
      readonly settings: readonly string[];
      /** The policy has to be made anew. */
      readonly policy: boolean;
    }
  | { readonly kind: 'refused'; readonly message: string };

type Setting = Exclude<keyof DaemonConfig, 'localOwners'>;

/** Each setting by its name in the file; `restart`: what was opened with it cannot be exchanged under way. */
const SETTINGS: Readonly<Record<Setting, { readonly name: string; readonly needs: 'restart' | 'policy' | 'nothing' }>> =
  {
    file: { name: '--config', needs: 'restart' },
    service: { name: 'the kind of service', needs: 'restart' },
    decideSocket: { name: 'sockets.decide', needs: 'restart' },
    adminSocket: { name: 'sockets.admin', needs: 'restart' },
    stateDirectory: { name: 'state_directory', needs: 'restart' },
    source: { name: 'source', needs: 'policy' },
    preset: { name: 'preset', needs: 'policy' },
    localDirectory: { name: 'local_directory', needs: 'policy' },
    metadataAddresses: { name: 'metadata_addresses', needs: 'policy' },
    nat64Prefixes: { name: 'nat64_prefixes', needs: 'policy' },
    authzenIdentifier: { name: 'authzen.identifier', needs: 'nothing' },
    decisionLog: { name: 'decision_log', needs: 'nothing' },
    log: { name: 'log', needs: 'nothing' },
  };

export function configChange(running: DaemonConfig, next: DaemonConfig): ConfigChange {
  const changed = Object.entries(SETTINGS)
    .filter(([key]) => !isDeepStrictEqual(running[key as Setting], next[key as Setting]))
    .map(([, setting]) => setting);
  const fixed = changed.filter(({ needs }) => needs === 'restart').map(({ name }) => `\`${name}\``);
  if (fixed.length > 0) {
    const message = `${fixed.join(', ')} cannot change while the daemon runs: restart it, or put back what was there`;
    return { kind: 'refused', message };
  }
  return {
    kind: 'changed',
    settings: changed.map(({ name }) => name),
    policy: changed.some(({ needs }) => needs === 'policy') || readsMore(next),
  };
}

/** The authorities are read by the source as it is made: under the same name there may be others by now. */
function readsMore({ source }: DaemonConfig): boolean {
  return source !== null && source.type !== 'file' && source.caFile !== undefined;
}

/** Codes of a machine that has a policy and may not use it. */
const LOSSES: readonly string[] = ['not_ready', 'org_conflict'];

/**
 * Why a stored policy would serve no longer under another configuration; null = it would. A restart may do that, and
 * denies until somebody has looked after it; a reload is all or nothing.
 */
export function policyLoss(
  next: Pick<CompiledPolicy, 'closures'>,
  serving: Pick<CompiledPolicy, 'closures'> | null,
): string | null {
  if (serving === null) return null;
  const isClosed = (code: string): boolean =>
    serving.closures.some((found) => found.uid === null && found.code === code);
  const lost = next.closures.find(({ uid, code }) => uid === null && LOSSES.includes(code) && !isClosed(code));
  if (lost === undefined) return null;
  return `with it the policy of this machine would serve no longer: ${lost.reason}; restart the daemon to take it all the same`;
}
