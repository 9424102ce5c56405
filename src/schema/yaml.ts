import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  LineCounter,
  type ParsedNode,
  parseDocument,
  stringify,
  visit,
  type YAMLMap,
} from 'yaml';

/** What a YAML or JSON text holds. A message names a line and a cause, never the text itself: files may hold secrets. */
export type YamlReading =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'invalid'; readonly message: string };

/** Nesting that a file of ours may have; the deepest one that means something has five. */
const MAX_DEPTH = 32;

/** The parser's codes in our own words: its messages quote the text. */
const SYNTAX: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'holds more than one document; keep one',
  BAD_INDENT: 'wrong indentation',
  TAB_AS_INDENT: 'a tab as indentation; use spaces',
  TAG_RESOLVE_FAILED: 'a tag; write the plain value',
  NON_STRING_KEY: 'a key that is not a plain name',
  RESOURCE_EXHAUSTION: 'nested too deeply',
};

/**
 * Reads one document of the YAML 1.2 core schema (of which JSON is a part). Duplicate keys, anchors, aliases, tags,
 * directives and deep nesting are refused: each can make a person and the daemon read different rules.
 */
export function readYaml(text: string): YamlReading {
  const lines = new LineCounter();
  const at = (offset: number): string => `line ${lines.linePos(offset).line}`;
  let document;
  try {
    // uniqueKeys compares every key with every other one; refusedNode finds duplicates in linear time
    document = parseDocument(text, {
      schema: 'core',
      strict: true,
      stringKeys: true,
      uniqueKeys: false,
      merge: false,
      resolveKnownTags: false,
      prettyErrors: false,
      lineCounter: lines,
      logLevel: 'error',
    });
  } catch {
    return { kind: 'invalid', message: 'is no readable YAML' };
  }
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    return { kind: 'invalid', message: `${at(problem.pos[0])}: ${SYNTAX[problem.code] ?? 'is no valid YAML'}` };
  }
  if (document.directives.yaml.explicit === true) {
    return { kind: 'invalid', message: 'line 1: a directive; leave it out' };
  }
  const refused = refusedNode(document.contents);
  if (refused !== null) return { kind: 'invalid', message: `${at(refused.offset)}: ${refused.cause}` };
  return { kind: 'value', value: document.toJS({ maxAliasCount: 0 }) as unknown };
}

interface RefusedNode {
  readonly offset: number;
  readonly cause: string;
}

function refusedNode(contents: ParsedNode | null): RefusedNode | null {
  if (contents === null) return null;
  let refused: RefusedNode | null = null;
  visit(contents, (_key, node, path) => {
    if (isPair(node)) return undefined;
    const cause = causeAgainst(node, path.length);
    if (cause === null) return undefined;
    const range = isScalar(node) || isAlias(node) || isMap(node) ? node.range : undefined;
    refused = { offset: range?.[0] ?? 0, cause };
    return visit.BREAK;
  });
  return refused;
}

function causeAgainst(node: unknown, depth: number): string | null {
  // path counts a map and its pair: two entries a level
  if (depth > 2 * MAX_DEPTH) return 'nested too deeply';
  if (isAlias(node)) return 'an alias; write the value out';
  if (isScalar(node) && typeof node.value === 'string' && !node.value.isWellFormed()) {
    return 'half of a surrogate pair; write the whole character';
  }
  if (typeof node !== 'object' || node === null) return null;
  if ('anchor' in node && typeof node.anchor === 'string') return 'an anchor; leave it out';
  if ('tag' in node && typeof node.tag === 'string') return 'a tag; write the plain value';
  return isMap(node) && hasDuplicateKey(node) ? 'a mapping has the same key twice' : null;
}

function hasDuplicateKey(map: YAMLMap): boolean {
  const seen = new Set<unknown>();
  for (const pair of map.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : pair.key;
    if (seen.has(key)) return true;
    seen.add(key);
  }
  return false;
}

/** Writes plain data as YAML that {@link readYaml} reads back to the same value. */
export function formatYaml(value: unknown): string {
  return stringify(value, { schema: 'core', aliasDuplicateObjects: false, lineWidth: 0, singleQuote: true });
}
