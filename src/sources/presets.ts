import { readFileSync } from 'node:fs';
import { CodedError } from '../base/coded-error.ts';
import type { PresetInput } from '../policy/policy-set.ts';
import { readPresetFile } from '../schema/local-file.ts';

/** The presets that come with reeve (semantics, 5); the first one is the default. */
export const PRESET_NAMES = ['locked-down', 'balanced', 'open'] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

/** A preset that cannot be read: the installation is damaged. */
export class PresetError extends CodedError<'preset_unreadable'> {}

export function isPresetName(value: unknown): value is PresetName {
  return PRESET_NAMES.some((name) => name === value);
}

/** Presets never change while a process runs, and `reeve eval` names one a line. */
const loaded = new Map<PresetName, PresetInput>();

/** A preset of this package. Throws a `PresetError` if the installation is damaged. */
export function loadPreset(name: PresetName): PresetInput {
  const preset = loaded.get(name) ?? readPreset(name);
  loaded.set(name, preset);
  return preset;
}

function readPreset(name: PresetName): PresetInput {
  // src/sources and dist/sources lie equally deep in the package
  const file = new URL(`../../config/presets/${name}.yaml`, import.meta.url);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new PresetError('preset_unreadable', `preset \`${name}\` is missing; install reeve again`, { cause });
  }
  const reading = readPresetFile(text);
  if (reading.kind === 'invalid') {
    throw new PresetError('preset_unreadable', `preset \`${name}\` ${reading.message}; install reeve again`);
  }
  return { name, rules: reading.rules };
}
