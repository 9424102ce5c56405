import { createConnection, type Socket } from 'node:net';

export interface RawResponse {
  readonly status: number;
  /** In order, names in lower case, values as Latin-1. */
  readonly fields: readonly (readonly [string, string])[];
  readonly text: string;
  /** undefined where the body is empty, or said to be something else. */
  readonly json: unknown;
}

/** Connects; errors are left to `close`, as a peer that hangs up is what many tests are about. */
export function connect(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

/** Everything until the other side closes, within `ms`. */
export function readToEnd(socket: Socket, ms = 5_000): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const timer = setTimeout(() => reject(new Error(`still open after ${ms} ms`)), ms);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    const settle = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(chunks));
    };
    socket.once('end', settle);
    socket.once('close', settle);
  });
}

/** Sends bytes, ends the input and gives everything that came back. */
export async function exchange(path: string, ...parts: readonly (string | Buffer)[]): Promise<Buffer> {
  const socket = await connect(path);
  const answer = readToEnd(socket);
  for (const part of parts) socket.write(part);
  socket.end();
  return answer;
}

/** As `exchange`, for bytes that are HTTP responses, read by their `Content-Length`. */
export async function exchangeHttp(path: string, ...parts: readonly (string | Buffer)[]): Promise<RawResponse[]> {
  return parseResponses(await exchange(path, ...parts));
}

export function parseResponses(bytes: Buffer, bodiless = false): RawResponse[] {
  const responses: RawResponse[] = [];
  let rest = bytes.toString('latin1');
  while (rest !== '') {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd === -1) throw new Error(`no response head in ${JSON.stringify(rest.slice(0, 80))}`);
    const [statusLine = '', ...lines] = rest.slice(0, headEnd).split('\r\n');
    const fields = lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)] as const;
    });
    const length = bodiless ? 0 : Number(fields.find(([name]) => name === 'content-length')?.[1] ?? 0);
    const start = headEnd + 4;
    const text = Buffer.from(rest.slice(start, start + length), 'latin1').toString('utf8');
    const status = Number(statusLine.split(' ')[1]);
    if (status !== 100) {
      const isJson =
        text !== '' && !fields.some(([name, value]) => name === 'content-type' && value.startsWith('text/'));
      responses.push({ status, fields, text, json: isJson ? (JSON.parse(text) as unknown) : undefined });
    }
    rest = rest.slice(start + length);
  }
  return responses;
}

export function fieldOf(response: RawResponse, name: string): string | undefined {
  return response.fields.find(([field]) => field === name)?.[1];
}

/** One request as bytes, with `Host` and `Content-Length`. */
export function httpRequest(
  method: string,
  target: string,
  { headers = {}, body = '' }: { headers?: Readonly<Record<string, string>>; body?: string | Buffer } = {},
): Buffer {
  const bytes = Buffer.from(body);
  const lines = Object.entries({ Host: 'reeve', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = bytes.length > 0 || method === 'POST' ? `Content-Length: ${bytes.length}\r\n` : '';
  return Buffer.concat([
    Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}${length}\r\n`, 'latin1'),
    bytes,
  ]);
}
