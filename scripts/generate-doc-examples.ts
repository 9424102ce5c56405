// Writes the answers of the examples in docs/semantics.md anew. Run it after changing one; a test compares the two.
import { readFileSync, writeFileSync } from 'node:fs';
import { withCurrentAnswers } from './doc-examples.ts';

const page = new URL('../docs/semantics.md', import.meta.url);
writeFileSync(page, withCurrentAnswers(readFileSync(page, 'utf8')));
