import { isIP } from 'node:net';
import { type Address, readAddress } from './address.ts';
import { faultOf, type Hostname, readHost, readPlainName } from './hostname.ts';
import { isNumericLabel, MAX_NAME_BYTES, mapLabel } from './idna.ts';
import { hasGlob, type LabelGlob, nameMatcher, readLabelGlob } from './label-glob.ts';

/** What a resource means other than a prefix or a bracketed address; `port` null is every port. */
export type NamePattern =
  | { readonly kind: 'any'; readonly port: number | null }
  | { readonly kind: 'name'; readonly name: Hostname; readonly port: number | null }
  /** Exactly one label before `suffix`. */
  | { readonly kind: 'one'; readonly suffix: string; readonly port: number | null }
  /** One or more labels before `suffix`. */
  | { readonly kind: 'deep'; readonly suffix: string; readonly port: number | null }
  /** `matcher` is for `globMatches` only; `suffix` is the literal labels after the last glob. */
  | { readonly kind: 'glob'; readonly matcher: RegExp; readonly suffix: string; readonly port: number | null }
  | { readonly kind: 'address'; readonly address: Address; readonly port: number | null };

type NamePatternReading =
  | { readonly kind: 'pattern'; readonly pattern: NamePattern }
  /** Says, after the resource itself, what is wrong and what to write instead. */
  | { readonly kind: 'invalid'; readonly problem: string };

type Lead = '' | '*' | '**';

/** UTS #46 reads three more characters as the dot between labels. */
const DOTS = /[.\u3002\uff0e\uff61]/;
const ADDRESS_GLOB = /^[0-9.*?[\]!-]+$/;

/** Reads the host of a rule, whose port has been read. */
export function readNamePattern(host: string, port: number | null): NamePatternReading {
  const bare = host.endsWith('.') ? host.slice(0, -1) : host; // Names 1
  return readPlain(bare, port) ?? readAny(host, bare, port);
}

/** `example.com`, `*.example.com` and `**.example.com` in plain ASCII, whose labels need not be looked at one by one. */
function readPlain(bare: string, port: number | null): NamePatternReading | null {
  const lead = bare.startsWith('**.') ? 3 : bare.startsWith('*.') ? 2 : 0;
  const suffix = bare.length > MAX_NAME_BYTES ? null : readPlainName(lead === 0 ? bare : bare.slice(lead));
  if (suffix === null) return null;
  return found(lead === 0 ? { kind: 'name', name: suffix, port } : { kind: lead === 2 ? 'one' : 'deep', suffix, port });
}

function readAny(host: string, bare: string, port: number | null): NamePatternReading {
  const tail = port === null ? '' : `:${port}`;
  if (host === '') return invalid(`has no host: write \`**${tail}\` for every host`);
  if (host === '*' || host === '*.') return invalid(`is a single \`*\`: write \`**${tail}\` for every host`);
  if (host === '**') return found({ kind: 'any', port });
  if (Buffer.byteLength(bare) > MAX_NAME_BYTES) return invalid(`is longer than ${MAX_NAME_BYTES} bytes`);
  const labels = bare.split(DOTS);
  const problem = shapeProblem(labels, tail);
  if (problem !== null) return invalid(problem);
  const last = labels.at(-1) ?? '';
  if (isNumericLabel(mapLabel(last) ?? last)) return readAddressPattern(bare, labels, port);
  const [first = '', ...rest] = labels;
  return first === '*' || first === '**' ? readLabels(first, rest, port) : readLabels('', labels, port);
}

/** True if the name fits a `glob` pattern. */
export function globMatches(pattern: { readonly matcher: RegExp }, name: string): boolean {
  return pattern.matcher.test(name.replaceAll('.', '/'));
}

function shapeProblem(labels: readonly string[], tail: string): string | null {
  if (labels.includes('')) return 'has an empty label: write the name without leading or doubled dots';
  const [first = '', ...rest] = labels;
  if (rest.length === 0 && first === '**') return `has a dot after its \`**\`: write \`**${tail}\``;
  const doubled = (first === '**' ? rest : labels).some((label) => label.includes('**'));
  if (doubled)
    return 'has `**` elsewhere than as its whole first label: write `**.example.com`, or one `*` inside a label';
  const last = labels.at(-1) ?? '';
  if (!hasGlob(last)) return null;
  const text = labels.join('.');
  if (ADDRESS_GLOB.test(text)) return addressGlobProblem(labels);
  return 'has a glob in its last label: write a name for each ending, such as `example.com` and `example.org`';
}

/** Names 3: a numeric last label makes it an address; a rule takes four decimal parts only. */
function readAddressPattern(bare: string, labels: readonly string[], port: number | null): NamePatternReading {
  if (labels.some(hasGlob)) return invalid(addressGlobProblem(labels));
  const address = isIP(bare) === 4 ? readAddress(bare) : null;
  if (address !== null) return found({ kind: 'address', address, port });
  const meant = readHost(bare);
  if (meant.kind === 'address') return invalid(`is an address in an unusual spelling: write \`${meant.address.text}\``);
  return invalid('ends in a number and is no IPv4 address: write four decimal parts such as `10.1.2.3`');
}

/** `10.0.*.*` and the like are told the prefix that they mean. */
function addressGlobProblem(labels: readonly string[]): string {
  const octets = labels.filter((label) => !hasGlob(label));
  const base = [...octets, ...labels.slice(octets.length).map(() => '0')].join('.');
  const meansPrefix = isIP(base) === 4 && labels.slice(octets.length).every((label) => label === '*');
  const prefix = meansPrefix ? `\`${base}/${8 * octets.length}\`` : 'for instance `10.0.0.0/24`';
  return `is an address with a glob: write a prefix, ${prefix}`;
}

function readLabels(lead: Lead, labels: readonly string[], port: number | null): NamePatternReading {
  const parts: (string | LabelGlob)[] = [];
  for (const label of labels) {
    const part = readLabel(label);
    if (typeof part !== 'string' && 'problem' in part) return invalid(part.problem);
    parts.push(part);
  }
  const globbed = parts.findLastIndex((part) => typeof part !== 'string');
  const suffix = parts
    .slice(globbed + 1)
    .filter((part) => typeof part === 'string')
    .join('.');
  if (suffix.length > MAX_NAME_BYTES) return invalid(`is longer than ${MAX_NAME_BYTES} bytes in its IDNA form`);
  if (globbed >= 0) return found({ kind: 'glob', matcher: nameMatcher(lead, parts), suffix, port });
  if (lead === '') return found({ kind: 'name', name: suffix as Hostname, port });
  return found({ kind: lead === '*' ? 'one' : 'deep', suffix, port });
}

function readLabel(label: string): string | LabelGlob | { readonly problem: string } {
  const globbed = hasGlob(label);
  const fault = faultOf(globbed ? label.replace(/[*?[\]!]/g, '-') : label); // Names 1: glob characters are exempt
  if (fault !== null) return { problem: `${fault}: write a plain name such as \`example.com\`` };
  if (globbed) {
    const glob = readLabelGlob(label);
    return glob.kind === 'glob' ? glob : { problem: `has the label \`${label}\`, where ${glob.problem}` };
  }
  const mapped = mapLabel(label);
  return mapped ?? { problem: `has the label \`${label}\`, which IDNA does not allow: write the name as registered` };
}

function found(pattern: NamePattern): NamePatternReading {
  return { kind: 'pattern', pattern };
}

function invalid(problem: string): NamePatternReading {
  return { kind: 'invalid', problem };
}
