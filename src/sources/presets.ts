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

/** Reads a preset from the package; `src/sources` and `dist/sources` lie equally deep below it. */
export function loadPreset(name: PresetName): PresetInput {
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
