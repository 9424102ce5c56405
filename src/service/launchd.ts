import { join } from 'node:path';
import { LAUNCHD_LABEL, type ServicePlaces } from './places.ts';
import type { RunCommand } from './run-command.ts';
import type { ServiceCommand } from './systemd.ts';

/** Written after launchctl(1); nobody has run it on a Mac yet. */
function domainOf({ kind }: ServicePlaces): string {
  return kind === 'system' ? 'system' : `gui/${process.geteuid?.() ?? 0}`;
}

/** Whether launchd has the service, and what it prints about it. */
export async function lookAtLaunchd(places: ServicePlaces, run: RunCommand): Promise<{ readonly loaded: boolean }> {
  const { code } = await run(['launchctl', 'print', `${domainOf(places)}/${LAUNCHD_LABEL}`]);
  return { loaded: code === 0 };
}

export function launchdInstall(places: ServicePlaces, loaded: boolean, changed: boolean): readonly ServiceCommand[] {
  if (loaded && !changed) {
    const argv = ['launchctl', 'kickstart', `${domainOf(places)}/${LAUNCHD_LABEL}`];
    return [{ argv, purpose: 'start it, should it have ended' }];
  }
  const file = join(places.unitDirectory, `${LAUNCHD_LABEL}.plist`);
  return [
    ...(loaded ? launchdUninstall(places) : []),
    { argv: ['launchctl', 'bootstrap', domainOf(places), file], purpose: 'start it, now and at every boot' },
  ];
}

export function launchdUninstall(places: ServicePlaces): readonly ServiceCommand[] {
  const argv = ['launchctl', 'bootout', `${domainOf(places)}/${LAUNCHD_LABEL}`];
  return [{ argv, purpose: 'stop it, and start it at no boot', optional: true }];
}
