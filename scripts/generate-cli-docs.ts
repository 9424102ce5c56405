// Writes docs/cli.md from the table of commands. Run it after changing one; a test compares the two.
import { writeFileSync } from 'node:fs';
import { commandDocs } from '../src/cli/command-docs.ts';

writeFileSync(new URL('../docs/cli.md', import.meta.url), commandDocs());
