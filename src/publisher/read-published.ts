import type { Downloader } from '../http/download.ts';
import { OutboundError } from '../http/outbound-error.ts';
import { existingRepository } from './repository-directory.ts';
import type { ReadPublished } from './verify-repository.ts';

/** The files of a repository in a directory of this machine. */
export function readDirectory(path: string): ReadPublished {
  const directory = existingRepository(path);
  return (file) => Promise.resolve(directory.read(file));
}

/** The files of a repository behind a web server. */
export function readOverHttp(downloader: Downloader): ReadPublished {
  return async (path, maxBytes) => {
    const answer = await downloader.get({ path: `/${path}`, maxBytes }).catch(withAdvice);
    if (answer.kind === 'bytes') return answer.bytes;
    return answer.kind === 'absent' ? { said: `${answer.subject} answered ${answer.status}` } : null;
  };
}

/** A person named the server: nobody tries again later. */
function withAdvice(error: unknown): never {
  if (!(error instanceof OutboundError)) throw error;
  const message = `${error.message}: see that the URL is right and its server answers`;
  throw new OutboundError(error.code, message, error.retryAfterMs);
}
