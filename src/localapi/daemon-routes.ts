import { type HttpReply, ok, refusal, unavailable } from './http-reply.ts';
import { RETRY_AFTER_SECONDS } from './limits.ts';
import { errorText } from './reply-text.ts';
import type { Exchange } from './router.ts';

export function statusRoute({ port }: Exchange): HttpReply {
  return ok(JSON.stringify(port.status()));
}

/** The process answers; nothing more. */
export function healthRoute(): HttpReply {
  return ok('{"status":"ok"}');
}

/** Whether there is a policy to decide by. */
export function readyRoute({ port }: Exchange): HttpReply {
  return port.ready() ? ok('{"status":"ready"}') : refusal('not_ready', 'there is no policy to decide by yet');
}

export async function syncRoute({ port }: Exchange): Promise<HttpReply> {
  const outcome = await port.sync();
  switch (outcome.kind) {
    case 'live':
      return ok(JSON.stringify({ generation: outcome.generation, revision: outcome.revision }));
    case 'failed':
      return { status: 502, json: errorText(outcome.code, outcome.message) };
    case 'retry_after':
      return unavailable(errorText('retry_after', outcome.message), outcome.seconds);
  }
}

export async function rulesRoute({ port }: Exchange): Promise<HttpReply> {
  const reading = await port.rules();
  if (reading.kind === 'rules') return ok(reading.json);
  return unavailable(errorText(reading.code, reading.message), RETRY_AFTER_SECONDS);
}
