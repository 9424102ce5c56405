import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { problem } from '../http/problem.ts';
import { readTarget } from '../http/request-target.ts';
import { writeJson } from '../http/write-json.ts';

const PREFIX = '/tuf/';
const SEGMENT = '[A-Za-z0-9_][A-Za-z0-9._-]*';
const TIMESTAMP = 'metadata/timestamp.json';
const NUMBERED = /^metadata\/[1-9]\d{0,15}\.[a-z][a-z0-9-]{0,63}\.json$/;
const TARGET = new RegExp(`^targets/(?:${SEGMENT}/){0,8}[0-9a-f]{64}\\.${SEGMENT}$`);

/** How long caches may keep what; a root that is not there yet is asked for with every poll (docs/publishing.md). */
const CACHE = {
  timestamp: 'max-age=30, must-revalidate',
  versioned: 'max-age=31536000, immutable',
  absent: 'max-age=60',
} as const;

/** Read whole for its ETag; anything larger is known by its name. */
const SMALL_BYTES = 256 * 1024;

/** Whether a request is for the repository, whatever becomes of it. */
export function isRepositoryRequest(request: IncomingMessage): boolean {
  return readTarget(request.url ?? '/').path.startsWith(PREFIX);
}

/**
 * Serves the static repository in `directory`, to everybody: its files are public in the sense that their signatures
 * protect them, and nothing else lies there under such a name.
 */
export async function serveRepository(
  directory: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    refuse(response, 405, 'the repository takes GET, HEAD', { Allow: 'GET, HEAD' });
    return;
  }
  const path = readTarget(request.url ?? '/').path.slice(PREFIX.length);
  const kind = path === TIMESTAMP ? 'timestamp' : NUMBERED.test(path) || TARGET.test(path) ? 'versioned' : null;
  const file = kind === null ? null : await opened(join(directory, path));
  if (kind === null || file === null) {
    refuse(response, 404, 'no such file', { 'Cache-Control': CACHE.absent });
    return;
  }
  try {
    await sendFile({ file, path, cache: CACHE[kind] }, request, response);
  } finally {
    await file.close();
  }
}

async function opened(path: string): Promise<FileHandle | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return null;
  } catch {
    return null;
  }
}

interface Found {
  readonly file: FileHandle;
  readonly path: string;
  readonly cache: string;
}

async function sendFile(
  { file, path, cache }: Found,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { size } = await file.stat();
  const bytes = size <= SMALL_BYTES ? await file.readFile() : null;
  // by content, or by a name that has it: two timestamps within a second are two (docs/publishing.md)
  const etag = `"${createHash('sha256')
    .update(bytes ?? path)
    .digest('hex')
    .slice(0, 32)}"`;
  const headers = { ETag: etag, 'Cache-Control': cache, 'X-Content-Type-Options': 'nosniff' };
  if (isHeld(request.headers['if-none-match'], etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  const type = path.endsWith('.json') ? 'application/json' : 'application/octet-stream';
  response.writeHead(200, { ...headers, 'Content-Type': type, 'Content-Length': bytes?.length ?? size });
  if (request.method === 'HEAD') response.end();
  else if (bytes !== null) response.end(bytes);
  // a caller that goes away is no trouble of ours
  else
    await pipeline(file.createReadStream({ start: 0, end: size - 1, autoClose: false }), response).catch(
      () => undefined,
    );
}

function isHeld(header: string | undefined, etag: string): boolean {
  return header?.split(',').some((held) => [etag, `W/${etag}`, '*'].includes(held.trim())) === true;
}

function refuse(
  response: ServerResponse,
  status: 404 | 405,
  message: string,
  headers: Readonly<Record<string, string>>,
): void {
  writeJson(response, status, problem(status === 404 ? 'not_found' : 'invalid_argument', message), headers);
}
