/** More than a machine has where anything but everything differs. */
const TEXT_BYTES = 65_536;
/** Words before the text. */
const VERSION = 0;
const LENGTH = 1;
const WORDS = 2;

/**
 * Mount points below which this process sees another tree than the rest of the machine, in memory that the thread that
 * walks paths shares: a lookup that is asked for later knows them.
 */
export class ForeignMounts {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #text: Buffer;
  #seen = 0;
  #points: ReadonlySet<string> = new Set();

  constructor(memory = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT + TEXT_BYTES)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#text = Buffer.from(memory, this.#words.byteLength, TEXT_BYTES);
  }

  /** By one thread only. */
  set(points: readonly string[]): void {
    const text = points.join('\0');
    const fits = Buffer.byteLength(text) <= TEXT_BYTES;
    // an odd version is not to be read
    Atomics.add(this.#words, VERSION, 1);
    // what is too much to name is everything
    Atomics.store(this.#words, LENGTH, this.#text.write(fits ? text : '/'));
    Atomics.add(this.#words, VERSION, 1);
  }

  /** As they are now. */
  current(): ReadonlySet<string> {
    while (Atomics.load(this.#words, VERSION) !== this.#seen) this.#read();
    return this.#points;
  }

  #read(): void {
    const version = Atomics.load(this.#words, VERSION);
    const text = this.#text.toString('utf8', 0, Atomics.load(this.#words, LENGTH));
    if (version % 2 !== 0 || Atomics.load(this.#words, VERSION) !== version) return;
    this.#points = new Set(text === '' ? [] : text.split('\0'));
    this.#seen = version;
  }
}
