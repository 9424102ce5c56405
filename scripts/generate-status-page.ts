// Writes docs/status.md from the catalogue of warnings and from what running daemons say of themselves in four states. Run
// it after changing one, or what `reeve status` shows; a test compares the page with what it sees.
import { writeFileSync } from 'node:fs';
import { seeFourStates } from '../test/docs/four-states.ts';
import { statusPage } from '../test/docs/status-page.ts';

writeFileSync(new URL('../docs/status.md', import.meta.url), statusPage(await seeFourStates()));
