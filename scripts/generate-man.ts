// Writes docs/reeve.1 from the table of commands. Run it after changing one; a test compares the two.
import { writeFileSync } from 'node:fs';
import { manPage } from '../src/cli/man-page.ts';

writeFileSync(new URL('../docs/reeve.1', import.meta.url), manPage());
