import type { Download, Downloader, DownloadRequest } from '../../http/download.ts';
import { OutboundError, type OutboundErrorCode } from '../../http/outbound-error.ts';
import { REQUEST_DEADLINE_MS } from '../../schema/limits.ts';
import type { HeldFile } from '../../store/tuf-store.ts';
import type { Target } from '../../tuf/delegation.ts';
import { MAX_METADATA_BYTES, MAX_TARGET_BYTES } from '../../tuf/limits.ts';
import type { ListedFile } from '../../tuf/listed-file.ts';
import { consistentPath } from '../../tuf/target-path.ts';
import { TufError, type TufErrorCode } from '../../tuf/tuf-error.ts';

/** The files of a repository, as bytes that nothing has vouched for. Throws a `TufError`. */
export interface Repository {
  /** Null = there is no such version yet. */
  root(version: number): Promise<Uint8Array | null>;
  /** With the validator of what is held; null = that is still the one. */
  timestamp(etag: string | null): Promise<HeldFile | null>;
  snapshot(listed: ListedFile): Promise<Uint8Array>;
  /** `targets` or a delegated role. */
  role(name: string, listed: ListedFile): Promise<Uint8Array>;
  target(target: Target): Promise<Uint8Array>;
}

export interface RepositoryOptions {
  readonly downloader: Downloader;
  readonly signal: AbortSignal;
  /** For one request. */
  readonly deadlineMs?: number | undefined;
}

/** A connection slower than this never brings a large target within its deadline, in bytes a second. */
const SLOWEST = 128 * 1024;

export function openRepository(options: RepositoryOptions): Repository {
  // one that has given a file is where the configuration says: what is missing was not published
  let gave = false;
  const fetch = async (role: string, request: DownloadRequest): Promise<Download> => {
    const answer = await get(options, role, request);
    gave ||= answer.kind !== 'absent';
    return answer;
  };
  const present = (role: string, answer: Download): Buffer => presentBytes(role, answer, gave ? INCOMPLETE : ADDRESS);
  const metadata = async (role: string, kind: 'snapshot' | 'targets', { version, length }: ListedFile) =>
    present(role, await fetch(role, listedRequest(`${version}.${role}.json`, role, length, MAX_METADATA_BYTES[kind])));
  return {
    async root(version) {
      const path = `/metadata/${version}.root.json`;
      const answer = await fetch('root', { path, maxBytes: MAX_METADATA_BYTES.root });
      return answer.kind === 'bytes' ? answer.bytes : null;
    },
    async timestamp(etag) {
      const request = { path: '/metadata/timestamp.json', maxBytes: MAX_METADATA_BYTES.timestamp, ifNoneMatch: etag };
      const answer = await fetch('timestamp', request);
      if (answer.kind === 'not_modified') return null;
      return { content: present('timestamp', answer), etag: answer.kind === 'bytes' ? answer.etag : null };
    },
    snapshot: (listed) => metadata('snapshot', 'snapshot', listed),
    role: (name, listed) => metadata(name, 'targets', listed),
    async target({ path, listed }) {
      const deadlineMs = (options.deadlineMs ?? REQUEST_DEADLINE_MS) + Math.ceil((listed.length / SLOWEST) * 1_000);
      const where = `/targets/${consistentPath(path, listed.sha256)}`;
      const request = { ...bounded(where, 'target', listed.length, MAX_TARGET_BYTES), deadlineMs };
      return present('target', await fetch('target', request));
    },
  };
}

function listedRequest(name: string, role: string, length: number, max: number): DownloadRequest {
  return bounded(`/metadata/${name}`, role, length, max);
}

/** What is listed is the exact cap, and nothing that is listed raises ours. */
function bounded(path: string, role: string, length: number, max: number): DownloadRequest {
  if (length > max) throw new TufError('too_large', role, `is listed with ${length} bytes, and ${max} are the most`);
  return { path, maxBytes: length };
}

async function get({ downloader, signal, deadlineMs }: RepositoryOptions, role: string, request: DownloadRequest) {
  try {
    return await downloader.get({ deadlineMs, ...request, signal });
  } catch (error) {
    throw translated(error, role);
  }
}

const ADDRESS = 'see `source.base_url`';
const INCOMPLETE = 'the publication is incomplete, and whoever publishes has to complete it';

function presentBytes(role: string, answer: Download, advice: string): Buffer {
  if (answer.kind === 'bytes') return answer.bytes;
  const what = answer.kind === 'absent' ? `${answer.subject} answered ${answer.status}: ${advice}` : '304';
  throw new TufError('absent', role, what);
}

const CODES: Partial<Record<OutboundErrorCode, TufErrorCode>> = {
  unreachable: 'network',
  tls_failed: 'network',
  proxy_failed: 'network',
  truncated: 'network',
  malformed_http: 'network',
  timeout: 'deadline',
  too_large: 'too_large',
  redirect: 'http_status',
  http_status: 'http_status',
  unauthenticated: 'http_status',
  rate_limited: 'http_status',
  unavailable: 'http_status',
  no_content: 'http_status',
  unexpected_encoding: 'http_status',
};

/** What is about this file becomes a `TufError`; being called off and an unusable CA file stay what they are. */
function translated(error: unknown, role: string): unknown {
  const code = error instanceof OutboundError ? CODES[error.code] : undefined;
  if (!(error instanceof OutboundError) || code === undefined) return error;
  return new TufError(code, role, error.message, { cause: error });
}
