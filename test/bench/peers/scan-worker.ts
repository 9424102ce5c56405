import { serveEngine } from '../engine-protocol.ts';
import { createScan, type Scan } from './scan.ts';

let scan: Scan = () => 'deny';

serveEngine({
  load: (rules) => {
    scan = createScan(rules);
  },
  prepare: (question) => question.request,
  decide: (request) => scan(request),
});
