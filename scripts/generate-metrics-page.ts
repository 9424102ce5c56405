// Writes docs/metrics.md from the catalogue of metrics. Run it after changing one; a test compares the two.
import { writeFileSync } from 'node:fs';
import { metricsPage } from '../test/docs/metrics-page.ts';

writeFileSync(new URL('../docs/metrics.md', import.meta.url), metricsPage());
