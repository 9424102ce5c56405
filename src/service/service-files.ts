import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { shown } from '../base/shown.ts';
import { LAUNCHD_LABEL, type ServicePlaces } from './places.ts';
import { ServiceError } from './service-error.ts';

/** One file as a service manager reads it. */
export interface ServiceFile {
  readonly path: string;
  readonly text: string;
}

export const SERVICE_UNIT = 'reeve.service';
export const SOCKET_UNITS = ['reeve.socket', 'reeve-admin.socket'] as const;
/** In the order in which they are started. */
export const UNITS = [...SOCKET_UNITS, SERVICE_UNIT] as const;

/** The files of one service, filled in; `templates` is what comes with the package that is installed. */
export function serviceFiles(
  places: ServicePlaces,
  templates: string = join(places.program.packageDirectory, 'service'),
): readonly ServiceFile[] {
  const filled = (template: string, values: Values): string => fill(templates, template, values);
  const { kind, manager, unitDirectory, sysusersFile } = places;
  if (manager === 'launchd') {
    const template = kind === 'system' ? 'launchd/daemon.plist' : 'launchd/agent.plist';
    return [{ path: join(unitDirectory, `${LAUNCHD_LABEL}.plist`), text: filled(template, xmlValues(places)) }];
  }
  const values = unitValues(places);
  const units = UNITS.map((unit) => ({
    path: join(unitDirectory, unit),
    text: filled(`systemd/${kind}/${unit}`, values),
  }));
  if (sysusersFile === null) return units;
  return [{ path: sysusersFile, text: filled('systemd/system/reeve.sysusers', values) }, ...units];
}

type Values = Readonly<Record<string, string>>;

/** A value belongs to each name between `@`. */
function fill(templates: string, template: string, values: Values): string {
  const text = readFileSync(join(templates, template), 'utf8');
  return text.replaceAll(/@([a-z_]+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${template} asks for \`${name}\`, which nobody knows`);
    return value;
  });
}

function unitValues(places: ServicePlaces): Values {
  const { program, config, user, state, decideSocket, adminSocket } = places;
  return {
    program: program.words.map(unitWord).join(' '),
    config: unitWord(config),
    user,
    compile_cache: quoted(`NODE_COMPILE_CACHE=${usable(join(state, 'compiled'))}`),
    decide_socket: unitPath(decideSocket),
    admin_socket: unitPath(adminSocket),
    documentation: pathToFileURL(join(usable(program.packageDirectory), 'docs/service.md')).href.replaceAll('%', '%%'),
  };
}

function xmlValues({ program, config, errorLog }: ServicePlaces): Values {
  return {
    program: program.words.map((word) => `<string>${xmlText(word)}</string>`).join('\n    '),
    config: xmlText(config),
    log: xmlText(errorLog),
  };
}

/** One word of a command line (systemd.service(5), "Command lines"): no specifiers, no variables. */
function unitWord(word: string): string {
  return quoted(usable(word).replaceAll('$', '$$$$'));
}

/** Not a command line: `$` means nothing here. */
function quoted(text: string): string {
  const word = text.replaceAll('%', '%%');
  return /^[\w@%+=:,./$-]+$/.test(word) ? word : `"${word.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** A whole value, which may hold spaces. */
function unitPath(path: string): string {
  return usable(path).replaceAll('%', '%%');
}

const XML_ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function xmlText(text: string): string {
  return usable(text).replaceAll(/[&<>]/g, (character) => XML_ESCAPES[character] ?? '');
}

/** A line break in a path would be another directive. */
function usable(path: string): string {
  if (!/[\p{Cc}\p{Zl}\p{Zp}]/u.test(path) && path.startsWith('/') && path.trim() === path) return path;
  const message = `${shown(path)} cannot stand in a service file: use an absolute path without line breaks or control characters`;
  throw new ServiceError('unusable_path', message);
}
