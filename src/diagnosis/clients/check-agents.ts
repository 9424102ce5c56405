import { join } from 'node:path';
import { shown } from '../../base/shown.ts';
import { isObject } from '../../policy/rule-shape.ts';
import { type Finding, found } from '../finding.ts';
import { AGENTS, type Agent } from './agents.ts';
import { type ReeveHook, reeveHooks } from './hooks.ts';
import type { ClientPlaces } from './places.ts';
import { readSettings } from './read-settings.ts';
import { tomlHooks } from './toml-hooks.ts';

export interface ClientsFound {
  /** Names of what was found. */
  readonly names: readonly string[];
  readonly findings: readonly Finding[];
}

interface SettingsFile {
  readonly agent: Agent;
  readonly path: string;
  readonly hooks: readonly ReeveHook[];
  readonly findings: readonly Finding[];
}

/** Agents that ask hooks: whether one of them asks reeve, and what happens when that fails. */
export function checkAgents(places: ClientPlaces): ClientsFound {
  const files = AGENTS.flatMap((agent) => pathsOf(agent, places).flatMap((path) => settingsAt(agent, path)));
  const names = [...new Set(files.map(({ agent }) => agent.name))];
  const unconnected = names.filter(
    (name) => !files.some(({ agent, hooks }) => agent.name === name && hooks.length > 0),
  );
  return {
    names,
    findings: [
      ...files.flatMap(({ findings }) => findings),
      ...unconnected.map((name) => found('client_not_connected', `${name} is here, and none of its hooks asks reeve`)),
    ],
  };
}

function pathsOf({ systemFiles, homeFiles }: Agent, { root, homes }: ClientPlaces): readonly string[] {
  return [
    ...systemFiles.map((file) => join(root, file)),
    ...homes.flatMap((home) => homeFiles.map((file) => join(home, file))),
  ];
}

function settingsAt(agent: Agent, path: string): readonly SettingsFile[] {
  const reading = readSettings(path);
  if (reading.kind === 'absent') return [];
  if (reading.kind === 'closed') return [{ agent, path, hooks: [], findings: [] }];
  const settings = agent.form === 'toml' ? { hooks: tomlHooks(reading.text) } : parsed(reading.text);
  if (settings === null) {
    return [{ agent, path, hooks: [], findings: [found('client_settings_broken', `${shown(path)} is no JSON`)] }];
  }
  const hooks = reeveHooks(settings);
  const open = hooks.filter((hook) => !agent.failsClosed(hook));
  const off = hooks.length > 0 && isObject(settings) && settings['disableAllHooks'] === true;
  const where = `${agent.name}, ${shown(path)}`;
  const findings = [
    ...open.map(({ event }) =>
      found('client_fails_open', `${where}: the hook for ${shown(event)} lets the tool run if it breaks`, {
        mend: agent.mend,
      }),
    ),
    ...(off ? [found('client_fails_open', `${where}: \`disableAllHooks\` is set`, { mend: 'take it away' })] : []),
  ];
  return [{ agent, path, hooks, findings }];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) ?? null;
  } catch {
    return null;
  }
}
