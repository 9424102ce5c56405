import { quoted } from '../http/problem.ts';
import { MAX_PAGE_SIZE } from './limits.ts';
import { isObjectId } from './object-id.ts';
import { done, invalid, type Outcome } from './outcome.ts';

interface Page {
  /** The id behind which the page begins; empty = at the beginning. */
  readonly after: string;
  readonly size: number;
}

/** `page_size` and `page_token` of a listing; other parameters are ignored. */
export function readPage(query: string): Outcome<Page> {
  const parameters = new URLSearchParams(query);
  for (const name of ['page_size', 'page_token']) {
    if (parameters.getAll(name).length > 1) return invalid(`\`${name}\` is given twice`);
  }
  const size = readPageSize(parameters.get('page_size') ?? '0');
  if (size.kind === 'failure') return size;
  const token = parameters.get('page_token') ?? '';
  const after = token === '' ? '' : readToken(token);
  if (after === null) return invalid('`page_token` is none of ours: use the `next_page_token` of the page before');
  return done({ after, size: size.value });
}

/** Opaque for callers: it names the last policy of a page, which need not exist any more when it is used. */
export function pageToken(lastId: string): string {
  return Buffer.from(`1:${lastId}`).toString('base64url');
}

function readToken(token: string): string | null {
  const [version, id = '', ...rest] = Buffer.from(token, 'base64url').toString('utf8').split(':');
  return version === '1' && rest.length === 0 && isObjectId(id) ? id : null;
}

/** 0 means the default, and more than the maximum means the maximum. */
function readPageSize(text: string): Outcome<number> {
  if (!/^\d{1,9}$/.test(text)) return invalid(`\`page_size\` ${quoted(text)} is no number: use 1 to ${MAX_PAGE_SIZE}`);
  const size = Number(text);
  return done(size === 0 ? MAX_PAGE_SIZE : Math.min(size, MAX_PAGE_SIZE));
}
