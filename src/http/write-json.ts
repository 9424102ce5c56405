import type { ServerResponse } from 'node:http';

type ResponseHeaders = Readonly<Record<string, string>>;

/** Answers with one JSON document and a newline. `Content-Length` is always given. */
export function writeJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: ResponseHeaders = {},
): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`, 'utf8');
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': bytes.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(bytes);
}
