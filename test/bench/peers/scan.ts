import ipaddr from 'ipaddr.js';
import picomatch from 'picomatch';
import type { GeneratedRule, NetworkQuestion, PathQuestion } from '../policy-generator.ts';

/**
 * What people write by hand: every pattern compiled once by picomatch or ipaddr.js, and a loop over all rules. A deny
 * ends it. It knows nothing of canonicalisation and validation, and serves as the second opinion on who may what.
 */
export type Scan = (request: NetworkQuestion | PathQuestion) => 'allow' | 'deny';

interface ScannedRule {
  readonly deny: boolean;
  readonly kind: 'host' | 'address' | 'path';
  readonly port: number | null;
  readonly matches: (text: string) => boolean;
  readonly prefix: [ipaddr.IPv4 | ipaddr.IPv6, number] | null;
}

export function createScan(rules: readonly GeneratedRule[]): Scan {
  const scanned = rules.map(scannedRule);
  return (request) => {
    if (request.action === 'read') return scanPaths(scanned, request.path);
    return request.host === undefined
      ? scanAddresses(scanned, request.ip ?? '')
      : scanHosts(scanned, request.host, request.port);
  };
}

function scanPaths(rules: readonly ScannedRule[], path: string): 'allow' | 'deny' {
  let allowed = false;
  for (const rule of rules) {
    if (rule.kind !== 'path' || !rule.matches(path)) continue;
    if (rule.deny) return 'deny';
    allowed = true;
  }
  return allowed ? 'allow' : 'deny';
}

function scanHosts(rules: readonly ScannedRule[], host: string, port: number): 'allow' | 'deny' {
  const segments = asSegments(host);
  let allowed = false;
  for (const rule of rules) {
    if (rule.kind !== 'host' || (rule.port !== null && rule.port !== port) || !rule.matches(segments)) continue;
    if (rule.deny) return 'deny';
    allowed = true;
  }
  return allowed ? 'allow' : 'deny';
}

function scanAddresses(rules: readonly ScannedRule[], text: string): 'allow' | 'deny' {
  const address = ipaddr.parse(text);
  let allowed = false;
  for (const { kind, prefix, deny } of rules) {
    if (kind !== 'address' || prefix === null) continue;
    if (prefix[0].kind() !== address.kind() || !address.match(prefix)) continue;
    if (deny) return 'deny';
    allowed = true;
  }
  return allowed ? 'allow' : 'deny';
}

function scannedRule({ decision, resources: [resource] }: GeneratedRule): ScannedRule {
  const base = { deny: decision === 'deny', port: null, prefix: null, matches: () => false };
  if (resource.startsWith('/')) return { ...base, kind: 'path', matches: picomatch(resource, { dot: true }) };
  if (resource.includes('/')) return { ...base, kind: 'address', prefix: ipaddr.parseCIDR(resource) };
  const [host = '', port] = resource.split(':');
  // `**.x` asks for at least one label more, which in picomatch's words is `**/*/x`
  const glob = asSegments(host).replace(/^\*\*\//, '**/*/');
  return { ...base, kind: 'host', port: port === undefined ? null : Number(port), matches: picomatch(glob) };
}

/** picomatch separates by slashes. */
function asSegments(host: string): string {
  return host.replaceAll('.', '/');
}
