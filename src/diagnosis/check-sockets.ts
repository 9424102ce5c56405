import { dirname } from 'node:path';
import { shown } from '../base/shown.ts';
import { SOCKET_MODES } from '../daemon/config/daemon-config.ts';
import { examined, type Finding, found, skipped, type Verdict } from './finding.ts';
import { look } from './look.ts';
import type { Subject } from './subject.ts';

/** Who may reach the sockets, and who could put others in their place (api, "Files and who may what"). */
export function checkSockets({ config, decide, admin }: Subject): Verdict {
  if (config === null) return skipped('without a configuration nobody knows how they should be');
  const modes = SOCKET_MODES[config.service];
  const places = [
    { choice: decide, mode: modes.decide },
    { choice: admin, mode: modes.admin },
  ].flatMap(({ choice, mode }) => (choice.kind === 'socket' ? [{ path: choice.path, mode }] : []));
  const directories = [...new Set(places.map(({ path }) => dirname(path)))];
  const findings = [
    ...directories.flatMap(directoryFindings),
    ...places.flatMap(({ path, mode }) => socketFindings(path, mode)),
  ];
  return examined(places.map(({ path }) => path).join(', '), findings);
}

function directoryFindings(path: string): readonly Finding[] {
  const stats = look(path);
  if (stats === null) return [];
  if (!stats.isDirectory()) return [found('socket_directory_open', `${shown(path)} is no directory`)];
  if ((stats.mode & 0o022) === 0) return [];
  return [found('socket_directory_open', `${shown(path)} can be written by its group or by others`)];
}

/** A socket that is missing is for the next check: then nobody listens. */
function socketFindings(path: string, expected: number): readonly Finding[] {
  const stats = look(path);
  if (stats === null) return [];
  if (!stats.isSocket()) return [found('socket_replaced', `${shown(path)} is no socket`)];
  const mode = stats.mode & 0o777;
  const text = `${shown(path)} has mode 0${mode.toString(8)} instead of 0${expected.toString(8)}`;
  // whoever may write to a socket may connect to it
  if ((mode & ~expected & 0o222) !== 0) return [found('socket_open', text)];
  return (expected & ~mode & 0o222) === 0 ? [] : [found('socket_closed', text)];
}
