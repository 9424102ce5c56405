import { request } from '../base/node-http.ts';
import { parseStrictJson } from '../schema/strict-json.ts';

/** One HTTP request over a Unix socket. */
export interface HttpCall {
  readonly socketPath: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** For everything: connecting, waiting and reading. */
  readonly timeoutMs: number;
}

export type HttpOutcome =
  | { readonly kind: 'response'; readonly status: number; readonly body: unknown; readonly retryAfter: string | null }
  | { readonly kind: 'unavailable'; readonly message: string };

const MAX_BODY_BYTES = 67_108_864;
/** Answers nest no deeper than what they answer, plus their own frame. */
const MAX_DEPTH = 64;

/** Calls the daemon once. Never rejects: what is no whole JSON response in time is `unavailable`. */
export function callHttp(call: HttpCall): Promise<HttpOutcome> {
  return new Promise((resolve) => {
    const text = call.body === undefined ? undefined : JSON.stringify(call.body);
    const fail = (message: string): void => {
      clearTimeout(deadline);
      outgoing.destroy();
      resolve({ kind: 'unavailable', message });
    };
    const outgoing = request({
      socketPath: call.socketPath,
      method: call.method,
      path: call.path,
      agent: false,
      headers: {
        Host: 'reeve',
        Connection: 'close',
        ...(text === undefined
          ? {}
          : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
      },
    });
    const deadline = setTimeout(() => fail(`\`${call.socketPath}\` did not answer in time`), call.timeoutMs);
    outgoing.on('error', (error: NodeJS.ErrnoException) =>
      fail(`cannot ask \`${call.socketPath}\` (${error.code ?? 'error'})`),
    );
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_BODY_BYTES) fail('the response is too large');
        else chunks.push(chunk);
      });
      response.on('error', () => fail('the response broke off'));
      response.on('end', () => {
        clearTimeout(deadline);
        if (!response.complete) {
          fail('the response broke off');
          return;
        }
        const parsed = parseStrictJson(Buffer.concat(chunks), { maxDepth: MAX_DEPTH });
        const retryAfter = response.headers['retry-after'] ?? null;
        if (parsed.kind === 'error') fail('the response is no JSON');
        else resolve({ kind: 'response', status: response.statusCode ?? 0, body: parsed.value, retryAfter });
      });
    });
    outgoing.end(text);
  });
}
