import { readYaml } from '../schema/yaml.ts';
import { readSmallFile, unusable } from './small-file.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The one document of a YAML or JSON file. */
export function readYamlFile(path: string, maxBytes: number): unknown {
  const bytes = readSmallFile(path, maxBytes);
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw unusable(path, 'it is not valid UTF-8');
  }
  const reading = readYaml(text);
  if (reading.kind === 'invalid') throw unusable(path, reading.message);
  return reading.value;
}
