import type { IncomingMessage } from 'node:http';

export type BodyReading =
  | { readonly kind: 'body'; readonly bytes: Uint8Array }
  /** Nothing was kept; what still arrives is read and thrown away, so that the sender gets to see the answer. */
  | { readonly kind: 'too_large' }
  /** The sender went away or ran out of time. */
  | { readonly kind: 'aborted' };

/**
 * Reads a request body of at most `limit` bytes, counted while they arrive: a length that was announced is only a
 * reason to refuse early, never one to believe. How long a sender may take is the server's `requestTimeout`.
 */
export function readBoundedBody(request: IncomingMessage, limit: number): Promise<BodyReading> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.resolve({ kind: 'too_large' });
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const settle = (reading: BodyReading): void => {
      request.off('data', take);
      request.off('end', finish);
      request.off('close', abort);
      resolve(reading);
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) {
        chunks.length = 0;
        settle({ kind: 'too_large' });
        return;
      }
      chunks.push(chunk);
    };
    const finish = (): void => settle({ kind: 'body', bytes: Buffer.concat(chunks, size) });
    const abort = (): void => settle({ kind: 'aborted' });
    // stays for good: an error after settling must not become an uncaught exception
    request.on('error', abort);
    request.on('data', take);
    request.on('end', finish);
    request.on('close', abort);
  });
}
