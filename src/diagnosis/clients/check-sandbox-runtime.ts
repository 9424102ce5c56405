import { join } from 'node:path';
import { shown } from '../../base/shown.ts';
import { isObject } from '../../policy/rule-shape.ts';
import { found } from '../finding.ts';
import type { ClientsFound } from './check-agents.ts';
import type { ClientPlaces } from './places.ts';
import { readSettings } from './read-settings.ts';

const FILE = '.srt-settings.json';
const NAME = 'sandbox-runtime';

/** Its own lists come before whoever is asked, and settings that it cannot read are replaced by its defaults. */
export function checkSandboxRuntime({ homes }: ClientPlaces): ClientsFound {
  const files = homes.flatMap((home) => {
    const path = join(home, FILE);
    const reading = readSettings(path);
    return reading.kind === 'text' ? [{ path, text: reading.text }] : [];
  });
  const findings = files.flatMap(({ path, text }) => {
    let settings: unknown;
    try {
      settings = JSON.parse(text);
    } catch {
      return [found('client_settings_broken', `${NAME}, ${shown(path)} is no JSON: its defaults count instead`)];
    }
    const network = isObject(settings) && isObject(settings['network']) ? settings['network'] : {};
    const allowed = Array.isArray(network['allowedDomains']) ? network['allowedDomains'].length : 0;
    if (allowed === 0) return [];
    return [found('client_bypasses', `${NAME}, ${shown(path)}: \`network.allowedDomains\` has ${allowed} entries`)];
  });
  return { names: files.length === 0 ? [] : [NAME], findings };
}
