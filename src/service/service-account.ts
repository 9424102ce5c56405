import { shown } from '../base/shown.ts';
import { SERVICE_USER } from './places.ts';
import type { RunCommand } from './run-command.ts';
import { ServiceError } from './service-error.ts';

/** SYS_UID_MAX: above are people. */
export const GREATEST_SERVICE_UID = 999;

/** The account that bears the name of the service user. */
export type ServiceAccount =
  | { readonly kind: 'missing' }
  /** As systemd-sysusers makes it. */
  | { readonly kind: 'service' }
  /** Somebody else's, as far as can be told: not to be used, and not to be deleted. */
  | { readonly kind: 'foreign'; readonly reason: string };

export async function lookAtAccount(run: RunCommand): Promise<ServiceAccount> {
  const { code, stdout } = await run(['getent', 'passwd', SERVICE_USER]);
  // getent(1): a key that was not found
  if (code === 2) return { kind: 'missing' };
  const [name, , uidText = '', , , , shell = ''] = stdout.trimEnd().split(':');
  if (code !== 0 || name !== SERVICE_USER || !/^\d+$/.test(uidText)) {
    return { kind: 'foreign', reason: 'cannot be looked up with `getent passwd`' };
  }
  const uid = Number(uidText);
  if (uid < 1 || uid > GREATEST_SERVICE_UID) return { kind: 'foreign', reason: `has the uid ${uid}` };
  if (!/\/(?:nologin|false)$/.test(shell)) {
    return { kind: 'foreign', reason: `has the login shell ${shown(shell === '' ? '/bin/sh' : shell)}` };
  }
  return { kind: 'service' };
}

/** A person's programs must not be able to change what decides about them. */
export function refuseForeignAccount(account: ServiceAccount): void {
  if (account.kind !== 'foreign') return;
  const message = `the account \`${SERVICE_USER}\` ${account.reason}, so it is not the service user (uid 1 to ${GREATEST_SERVICE_UID}, no login shell): rename or remove it first`;
  throw new ServiceError('foreign_account', message);
}
