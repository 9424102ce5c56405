// Node's own spec reporter for what a person wants to read of thousands of tests: failures, skips with their reason,
// and the closing summary. (A reporter has to be a default export.)

import { Readable } from 'node:stream';
import { spec as Spec } from 'node:test/reporters';

async function* worthReading(source) {
  for await (const event of source) {
    if (event.type === 'test:pass' && event.data.skip !== undefined) {
      yield { type: 'test:stdout', data: { message: `skipped: ${event.data.name}: ${String(event.data.skip)}\n` } };
    } else if (['test:fail', 'test:diagnostic', 'test:summary', 'test:stderr'].includes(event.type)) {
      yield event;
    } else if (event.type === 'test:stdout' && event.data.message.startsWith('report: ')) {
      yield event;
    }
  }
}

export default async function* summaryReporter(source) {
  yield* Readable.from(worthReading(source)).pipe(new Spec());
}
