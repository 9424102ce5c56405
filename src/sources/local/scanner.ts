import { createHash } from 'node:crypto';
import { messageOf } from '../../base/coded-error.ts';
import type { LastGoodStore } from './last-good.ts';
import { type HeldFile, type LocalLayer, layerOf, type ParsedContent } from './local-layer.ts';
import { isTooMuch, OWN_FILES_BYTES } from './own-files.ts';
import { LocalFileParser } from './parser.ts';
import { type FoundFile, readLocalDirectory } from './read-directory.ts';

export interface ScannerOptions {
  readonly directory: string;
  /** Whose requests the rules count for; null = everybody's. */
  readonly uid: number | null;
  /** The home of that user, in which the directory lies; null for everybody's. */
  readonly home: string | null;
  /** Uids whose files may allow (root; in a user service or a home also that user). */
  readonly trustedOwners: readonly number[];
  readonly store: LastGoodStore;
}

type ContentFile = Extract<FoundFile, { kind: 'content' }>;

/** Scans one directory again and again, remembering what was last good and what is known to be broken. */
export class LocalScanner {
  readonly #options: ScannerOptions;
  readonly #parser = new LocalFileParser();
  readonly #held = new Map<string, HeldFile>();
  readonly #bad = new Map<string, { readonly digest: string; readonly message: string }>();

  constructor(options: ScannerOptions) {
    this.#options = options;
  }

  /** Takes over what an earlier run held; a row that does not fit its digest is worth nothing. */
  async restore(): Promise<void> {
    const { directory, store } = this.#options;
    for (const [name, file] of store.loadLastGood(directory)) {
      const digest = `sha256:${createHash('sha256').update(file.content).digest('hex')}`;
      if (digest !== file.digest) continue;
      const reading = await this.#parser.parse(file.content);
      if (reading.kind === 'invalid') continue;
      const bytes = Buffer.byteLength(file.content);
      this.#held.set(name, { digest, rules: reading.rules, bytes, allowsInert: file.allowsInert });
    }
    await this.#parser.close();
  }

  async scan(): Promise<LocalLayer> {
    const { directory, home, uid, trustedOwners } = this.#options;
    const maxBytes = uid === null ? Number.POSITIVE_INFINITY : OWN_FILES_BYTES;
    const reading = await readLocalDirectory({ directory, home, trustedOwners, maxBytes });
    const files = reading.kind === 'files' ? reading.files : [];
    const parsed = new Map<string, ParsedContent>();
    const warnings: string[] = [];
    // deleting a file is a change; a directory that cannot be read deletes nothing
    if (reading.kind === 'files' || reading.kind === 'missing') this.#forgetAllBut(new Set(files.map((f) => f.name)));
    for (const file of files) {
      if (file.kind !== 'content') continue;
      const content = await this.#parsed(file);
      if (content.kind === 'bad') this.#bad.set(file.name, { digest: file.digest, message: content.message });
      parsed.set(file.name, content.kind === 'good' ? this.#take(file, content.rules, warnings) : content);
    }
    await this.#parser.close();
    const layer = layerOf({ directory, uid, held: this.#held }, reading, parsed);
    return warnings.length === 0 ? layer : { ...layer, warnings: [...layer.warnings, ...warnings] };
  }

  close(): Promise<void> {
    return this.#parser.close();
  }

  async #parsed(file: ContentFile): Promise<ParsedContent> {
    const held = this.#held.get(file.name);
    if (held?.digest === file.digest) return { kind: 'good', rules: held.rules };
    const bad = this.#bad.get(file.name);
    if (bad?.digest === file.digest) return { kind: 'bad', message: bad.message };
    const reading = await this.#parser.parse(file.text);
    return reading.kind === 'file' ? { kind: 'good', rules: reading.rules } : { kind: 'bad', message: reading.message };
  }

  /** Holds a file that parsed, unless its user would make everybody wait with it. */
  #take(file: ContentFile, rules: readonly unknown[], warnings: string[]): ParsedContent {
    const others = [...this.#held].flatMap(([name, held]) => (name === file.name ? [] : [held]));
    const all = [...others, { rules, bytes: Buffer.byteLength(file.text) }];
    if (this.#options.uid !== null && isTooMuch(all)) {
      return { kind: 'bad', message: 'is too much for this directory; write fewer rules' };
    }
    this.#hold(file, rules, warnings);
    return { kind: 'good', rules };
  }

  #hold(file: ContentFile, rules: readonly unknown[], warnings: string[]): void {
    const { name, digest, untrusted } = file;
    const held = this.#held.get(name);
    this.#bad.delete(name);
    this.#held.set(name, { digest, rules, bytes: Buffer.byteLength(file.text), allowsInert: untrusted });
    if (held?.digest === digest && held.allowsInert === untrusted) return;
    const { directory, store } = this.#options;
    try {
      store.saveLastGood(directory, name, { digest, content: file.text, allowsInert: untrusted });
    } catch (error) {
      warnings.push(`${name}: its last good version could not be kept: ${messageOf(error)}`);
    }
  }

  #forgetAllBut(present: ReadonlySet<string>): void {
    const { directory, store } = this.#options;
    for (const name of this.#bad.keys()) if (!present.has(name)) this.#bad.delete(name);
    for (const name of this.#held.keys()) {
      if (present.has(name)) continue;
      this.#held.delete(name);
      try {
        store.forgetLastGood(directory, name);
      } catch {
        // a row that stays is looked at again at the next start, and then forgotten
      }
    }
  }
}
