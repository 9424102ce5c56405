import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { CONNECT_DEADLINE_MS } from '../schema/limits.ts';
import { readCaFile } from './ca-file.ts';
import { isLoopbackUrl, readProxyUrl } from './outbound-url.ts';

/** How an origin is reached. */
export interface WayOut {
  /** An http(s) proxy, credentials allowed in it. Loopback never goes through it. */
  readonly proxy?: string;
  /** PEM file; when given, only these authorities are trusted. */
  readonly caFile?: string;
  /** Keeps one connection for so long after its last use; without it several, and as long as the HTTP client likes. */
  readonly keepAliveMs?: number;
}

/** Opens no connection yet. Throws an `OutboundError` when the proxy's URL or the CA file cannot be used. */
export function openDispatcher(url: URL, way: WayOut): Dispatcher {
  const ca = way.caFile === undefined ? undefined : readCaFile(way.caFile);
  // said outright: NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment changes only the default
  const tls = { rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) };
  const common = {
    allowH2: false,
    connectTimeout: CONNECT_DEADLINE_MS,
    ...(way.keepAliveMs === undefined ? {} : { connections: 1, keepAliveTimeout: way.keepAliveMs }),
  };
  // what is plain http must not leave the machine through a proxy
  if (way.proxy === undefined || isLoopbackUrl(url)) return new Agent({ ...common, connect: { ...tls } });
  return new ProxyAgent({ ...common, uri: readProxyUrl(way.proxy).href, requestTls: tls, proxyTls: tls });
}
