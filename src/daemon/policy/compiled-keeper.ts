import { deserialize, serialize } from 'node:v8';
import { withSharedArrays } from '../../pdp/shared-arrays.ts';
import type { Compilation } from '../../policy/compilation.ts';
import { compile } from '../../policy/compile.ts';
import type { OrgPart } from '../../policy/org-part.ts';
import type { PolicySet } from '../../policy/policy-set.ts';
import type { Section } from '../../policy/section.ts';
import type { CompiledStore } from '../../store/compiled-store.ts';
import { VERSION } from '../version.ts';
import { parted } from './policy-report.ts';

/** +1 with each change of what a compiled section is. */
const LAYOUT = 2;
/** Only what this very program wrote is read back. */
const FORMAT = `reeve ${VERSION} layout ${LAYOUT} v8 ${process.versions.v8}`;

/** Compiles, and keeps what did not change: in memory from one compile to the next, on disk from one start to the next. */
export interface CompiledKeeper {
  /** Its typed arrays lie in shared memory. */
  compile(set: PolicySet): Compilation;
  /** The literal prefixes of what is kept (semantics, Paths 7). */
  prefixes(): readonly string[];
  /** Writes what the last compile has made, unless it is there already. Never throws. */
  keep(): void;
}

export function createCompiledKeeper(store: CompiledStore, onError: (error: unknown) => void): CompiledKeeper {
  const sections = new Map<string, Section>();
  let org: OrgPart | null = load(store, onError);
  let unkept: Buffer | null = null;
  return {
    compile(set) {
      const compiled = compile(set, { unlisted: true, org, reuse: (key, make) => reused(sections, key, make) });
      const isNew = compiled.org !== null && compiled.org !== org;
      // before it moves: shared memory cannot be written out
      if (isNew) unkept = serialize(compiled.org);
      const { policy, report } = parted(compiled);
      const shared = withSharedArrays(policy);
      if (compiled.org !== null) org = withLayerOf(compiled.org, shared.layers);
      return { ...shared, ...report, org };
    },
    prefixes: () => org?.section.prefixes ?? [],
    keep() {
      const content = unkept;
      unkept = null;
      if (content === null) return;
      try {
        store.keep(FORMAT, content);
      } catch (error) {
        onError(error);
      }
    },
  };
}

function load(store: CompiledStore, onError: (error: unknown) => void): OrgPart | null {
  try {
    const content = store.load(FORMAT);
    // the digest says that this program wrote it, in this format
    return content === null ? null : (deserialize(content) as OrgPart);
  } catch (error) {
    onError(error);
    return null;
  }
}

/** Builtin rules and the preset change with the homes and links of the machine, and with nothing else. */
function reused(sections: Map<string, Section>, key: string, make: () => Section): Section {
  const found = sections.get(key);
  if (found !== undefined) return found;
  if (sections.size >= MAX_SECTIONS) sections.clear();
  // shared at once: whoever has them already takes them as they are
  const section = withSharedArrays(make());
  sections.set(key, section);
  return section;
}

const MAX_SECTIONS = 8;

/** The part with its layer where it lies now: the next compile hands on the same memory. */
function withLayerOf(part: OrgPart, layers: Compilation['layers']): OrgPart {
  const layer = layers.find(({ origin }) => origin === 'org') ?? part.section.layer;
  return { ...part, section: { ...part.section, layer } };
}
