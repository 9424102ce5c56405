import { parseStrictJson } from '../../../src/schema/strict-json.ts';
import { serveLines } from './serve-lines.ts';

// The NDJSON echo that refuses what two readers may read differently: duplicate keys, bad UTF-8, depth over 16.
serveLines((line) => {
  const reading = parseStrictJson(line);
  return reading.kind === 'value' ? JSON.stringify(reading.value) : JSON.stringify({ error: reading.message });
});
