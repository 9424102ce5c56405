import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack } from '../delivery/attack.ts';
import { GOVERNANCE_ATTACKS } from '../delivery/governance-attacks.ts';
import { TUF_ATTACKS } from '../delivery/tuf-attacks.ts';
import { brokenOff } from '../support/misbehaving-server.ts';
import type { DoctorFault } from './doctor-fault.ts';

/** An attack on a policy's way, done at one place of it; what `status` says then is the doctor's cause. */
function attacked(attacks: readonly Attack[], source: string) {
  return (id: string, place: string): DoctorFault => {
    const attack = attacks.find((one) => one.id === id);
    const says = typeof attack?.says === 'string' ? attack.says : attack?.says[place];
    if (attack === undefined || says === undefined) throw new Error(`nobody knows the attack ${id} at ${place}`);
    const [stage = '', code = ''] = says.split(' ');
    return {
      ...{ id: `${source}-${id}-${place}`, title: `${source}, ${place}: ${attack.title}` },
      finds: `source_${stage}: ${code}`,
      async does({ rig }) {
        await rig.publish(place);
        await rig.arm(attack.does, place);
        return async () => {
          await rig.disarm();
          await rig.publish(place);
        };
      },
    };
  };
}

function credential(id: string, title: string, spoil: (path: string) => void): DoctorFault {
  return {
    ...{ id, title, finds: 'source_fetch: credential_unreadable' },
    does({ place }) {
      const path = join(place.root, 'credential.json');
      const right = readFileSync(path);
      spoil(path);
      return () => {
        writeFileSync(path, right);
        chmodSync(path, 0o600);
      };
    },
  };
}

const governance = attacked(GOVERNANCE_ATTACKS, 'governance');
const tuf = attacked(TUF_ATTACKS, 'tuf');

const unreachable: DoctorFault = {
  ...{ id: 'unreachable', title: 'the policy server cannot be reached', finds: 'source_fetch: unreachable' },
  async does({ rig }) {
    await rig.arm(brokenOff(0, 'reset'), 'list');
    return () => rig.disarm();
  },
};

/** A mistake of whoever wrote the policy: it is delivered in order. */
function tampered(id: string, finds: string): DoctorFault {
  const attack = GOVERNANCE_ATTACKS.find((one) => one.id === id);
  if (attack === undefined) throw new Error(`nobody knows ${id}`);
  return {
    ...{ id, title: attack.title, finds },
    async does({ rig }) {
      await rig.publish('policy');
      await rig.arm(attack.does, 'policy');
      return async () => {
        await rig.disarm();
        await rig.publish('policy');
      };
    },
  };
}

/** On the way of a policy from a governance API. */
export const GOVERNANCE_FAULTS: readonly DoctorFault[] = [
  governance('unauthorised', 'token'),
  governance('unauthorised', 'list'),
  governance('empty-200', 'list'),
  governance('empty-204', 'list'),
  governance('not-modified', 'list'),
  governance('foreign-etag', 'list'),
  governance('html', 'list'),
  governance('truncated', 'list'),
  governance('not-found', 'list'),
  governance('broken', 'list'),
  governance('not-http', 'list'),
  governance('redirect-login', 'list'),
  unreachable,
  tampered('broken-allow', 'daemon_fault: rule_unparsable'),
  tampered('broken-deny', 'domain_closed: policy_invalid'),
  governance('other-org', 'policy'),
  governance('unknown-member', 'policy'),
  credential('credential-gone', 'the credential file is gone', (path) => rmSync(path)),
  credential('credential-open', 'others may read the credential file', (path) => chmodSync(path, 0o644)),
];

/** On the way of a signed bundle. */
export const TUF_FAULTS: readonly DoctorFault[] = [
  tuf('html', 'timestamp'),
  tuf('truncated', 'target'),
  tuf('not-found', 'timestamp'),
  tuf('rollback', 'timestamp'),
  tuf('below-threshold', 'timestamp'),
  tuf('expired-timestamp', 'timestamp'),
  tuf('from-the-future', 'timestamp'),
  tuf('other-target', 'timestamp'),
  tuf('signed-older', 'timestamp'),
  tuf('signed-other-org', 'timestamp'),
  tuf('signed-requirement', 'timestamp'),
  tuf('signed-failing-test', 'timestamp'),
];

/** Where the server proves who it is. */
export const TLS_FAULTS: readonly DoctorFault[] = [
  governance('stranger', 'list'),
  governance('expired-certificate', 'list'),
  {
    id: 'clock-ahead',
    title: 'the clock is a day ahead of the policy server’s',
    finds: 'clock_ahead',
    does({ tell }) {
      tell({ now: () => Date.now() + DAY });
      return () => tell({});
    },
  },
];

const DAY = 86_400_000;
