import { resolve } from 'node:path';
import { VERSION } from '../daemon/version.ts';
import type { DoctorOptions } from '../diagnosis/subject.ts';
import type { ServicePlaces } from '../service/places.ts';
import { runCommand } from '../service/run-command.ts';
import { hasSystemInstall, ownSocketLayout } from '../socket/find-socket.ts';
import { type CliContext, type CommandInput, textOption } from './command.ts';
import { configurationFile, installationOf } from './daemon-configuration.ts';
import { servicePlacesOf } from './service-target.ts';

/** Null where there is none, such as on a platform without one. */
function placesOfService(cwd: string): ServicePlaces | null {
  try {
    const system = hasSystemInstall(ownSocketLayout()) ? { system: true } : {};
    return servicePlacesOf(cwd, { args: [], options: system });
  } catch {
    return null;
  }
}

/** What is to be examined, as the command line says it. */
export async function doctorOptions(
  { cwd, beforeEnd }: CliContext,
  input: CommandInput,
  offline: boolean,
): Promise<DoctorOptions> {
  const named = textOption(input, 'config');
  const configFile = named === undefined ? configurationFile() : resolve(cwd, named);
  const { clientPlaces } = await import('../diagnosis/clients/places.ts');
  const installation = await installationOf(configFile);
  return {
    ...{ configFile, installation, offline, version: VERSION },
    now: () => Date.now(),
    beforeEnd,
    sockets: { decide: textOption(input, 'socket'), admin: textOption(input, 'adminSocket') },
    places: clientPlaces(process.geteuid?.() ?? 0, installation.home),
    service: { places: placesOfService(cwd), run: runCommand },
  };
}
