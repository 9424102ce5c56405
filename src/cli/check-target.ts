import { isIPv6 } from 'node:net';

/** What `reeve check network` was asked about. `host` goes to the daemon as written: it normalises, nobody else. */
export type TargetReading =
  | { readonly kind: 'target'; readonly host: string; readonly port: number }
  | { readonly kind: 'invalid'; readonly message: string };

const DEFAULT_PORT = 443;
/** Schemes that say which port they mean; any other needs one written out. */
const SCHEME_PORTS: ReadonlyMap<string, number> = new Map([
  ['http', 80],
  ['https', 443],
  ['ws', 80],
  ['wss', 443],
  ['ftp', 21],
  ['ssh', 22],
]);

/**
 * Reads `HOST`, `HOST:PORT`, `[V6]:PORT`, a bare IPv6 address or a URL. A bare host means port 443. Never reads a host
 * with `new URL`, which rewrites names and addresses on its own terms.
 */
export function parseTarget(text: string): TargetReading {
  const url = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([\s\S]*)$/.exec(text);
  if (url === null) return readAuthority(text, DEFAULT_PORT, text);
  const scheme = (url[1] ?? '').toLowerCase();
  const [authority = ''] = (url[2] ?? '').split(/[/?#]/);
  if (authority.includes('@')) {
    // `https://good.example@evil.example/` goes to evil.example: make the asker write which one is meant
    return invalid(`\`${text}\` holds a user name; write the host alone`);
  }
  return readAuthority(authority, SCHEME_PORTS.get(scheme) ?? null, text);
}

function readAuthority(authority: string, defaultPort: number | null, text: string): TargetReading {
  if (isIPv6(authority)) return target(authority, defaultPort, text);
  const bracketed = /^(\[[^\]]*\])(?::(.*))?$/s.exec(authority);
  if (bracketed !== null) return withPort(bracketed[1] ?? '', bracketed[2], defaultPort, text);
  const colon = authority.indexOf(':');
  if (colon === -1) return target(authority, defaultPort, text);
  if (authority.indexOf(':', colon + 1) !== -1) {
    return invalid(`\`${text}\` has more than one colon; write an IPv6 address with a port as [ADDRESS]:PORT`);
  }
  return withPort(authority.slice(0, colon), authority.slice(colon + 1), defaultPort, text);
}

function withPort(host: string, port: string | undefined, defaultPort: number | null, text: string): TargetReading {
  if (port === undefined) return target(host, defaultPort, text);
  if (!/^[1-9][0-9]{0,4}$/.test(port) || Number(port) > 65_535) {
    return invalid(`the port of \`${text}\` must be a number within 1-65535`);
  }
  return target(host, Number(port), text);
}

function target(host: string, port: number | null, text: string): TargetReading {
  if (host === '') return invalid(`\`${text}\` names no host; write HOST, HOST:PORT or a URL`);
  if (port === null) return invalid(`\`${text}\` needs a port: its scheme says none; write HOST:PORT`);
  return { kind: 'target', host, port };
}

function invalid(message: string): TargetReading {
  return { kind: 'invalid', message: message.replaceAll(/\p{Cc}/gu, '?') };
}
