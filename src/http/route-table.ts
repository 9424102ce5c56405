/** One line of a route table: `/v2/orgs/{org}` matches one segment for `{org}`. */
export interface Route<Endpoint> {
  readonly method: string;
  readonly pattern: string;
  readonly endpoint: Endpoint;
}

type RouteMatch<Endpoint> =
  | { readonly kind: 'found'; readonly route: Route<Endpoint>; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'method_not_allowed'; readonly allow: string }
  | { readonly kind: 'not_found' };

interface CompiledRoute<Endpoint> {
  readonly route: Route<Endpoint>;
  readonly segments: readonly string[];
}

/** Routes by their number of segments; a path is compared with the few that have as many as it. */
interface RouteTable<Endpoint> {
  readonly byLength: ReadonlyMap<number, readonly CompiledRoute<Endpoint>[]>;
}

/** Throws on two routes that would answer the same method and path: a table must not depend on its order. */
export function routeTable<Endpoint>(routes: readonly Route<Endpoint>[]): RouteTable<Endpoint> {
  const byLength = new Map<number, CompiledRoute<Endpoint>[]>();
  const seen = new Set<string>();
  for (const route of routes) {
    const shape = `${route.method} ${route.pattern.replaceAll(/\{[^/]*\}/g, '{}')}`;
    if (seen.has(shape)) throw new Error(`two routes for \`${shape}\``);
    seen.add(shape);
    const segments = route.pattern.split('/');
    const bucket = byLength.get(segments.length) ?? [];
    bucket.push({ route, segments });
    byLength.set(segments.length, bucket);
  }
  return { byLength };
}

/** `path` is the request target as sent, without its query; only the parameters are percent-decoded. */
export function matchRoute<Endpoint>(table: RouteTable<Endpoint>, method: string, path: string): RouteMatch<Endpoint> {
  const segments = path.split('/');
  const allow: string[] = [];
  for (const { route, segments: pattern } of table.byLength.get(segments.length) ?? []) {
    const params = matchSegments(pattern, segments);
    if (params === null) continue;
    if (route.method === method) return { kind: 'found', route, params };
    allow.push(route.method);
  }
  return allow.length > 0 ? { kind: 'method_not_allowed', allow: allow.sort().join(', ') } : { kind: 'not_found' };
}

function matchSegments(
  pattern: readonly string[],
  segments: readonly string[],
): Readonly<Record<string, string>> | null {
  const params: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (!expected.startsWith('{')) {
      if (segment !== expected) return null;
      continue;
    }
    const value = decodeSegment(segment);
    if (value === null || value === '') return null;
    params[expected.slice(1, -1)] = value;
  }
  return params;
}

function decodeSegment(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
