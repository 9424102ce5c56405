import { serveLines } from './serve-lines.ts';

// Parses each line and writes the same value back: what newline-delimited JSON costs without any decision.
serveLines((line) => JSON.stringify(JSON.parse(line.toString())));
