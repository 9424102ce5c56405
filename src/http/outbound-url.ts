import { isIPv4 } from 'node:net';
import { OutboundError } from './outbound-error.ts';

/** The base URL without a trailing slash in its path. Never quotes what it was given: it may hold a password. */
export function readBaseUrl(text: string): URL {
  const url = parse(text, 'base URL');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new OutboundError('invalid_url', 'the base URL must have no user, password, query or fragment');
  }
  if (url.protocol === 'http:' && !isLoopbackUrl(url)) {
    throw new OutboundError('insecure_url', `\`http://${url.host}\` is not this machine: use https`);
  }
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

/** A proxy may need a user and a password; https inside its tunnel keeps the content from it. */
export function readProxyUrl(text: string): URL {
  return parse(text, 'proxy URL');
}

/** Whether the URL's host is this machine by its spelling alone; no name but `localhost` is looked up for it. */
export function isLoopbackUrl(url: URL): boolean {
  const host = url.hostname;
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

function parse(text: string, what: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new OutboundError('invalid_url', `the ${what} must start with https:// (or http://)`);
  }
  return url;
}
