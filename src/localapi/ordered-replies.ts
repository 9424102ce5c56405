/**
 * Answers in the order of their questions, some of which take longer. While held, ready answers collect, so that a
 * chunk full of lines becomes one write.
 */
export class OrderedReplies {
  readonly #write: (text: string) => void;
  /** From the first unanswered question on; null = not answered yet. */
  #later: (string | null)[] = [];
  #ready = '';
  #held = false;
  #waiting = 0;
  /** How many entries of `#later` have left it; makes a reserved place's number stable. */
  #left = 0;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** How many questions are without an answer. */
  get waiting(): number {
    return this.#waiting;
  }

  /** How many answers are kept back or missing because an earlier one is missing. */
  get unsent(): number {
    return this.#later.length;
  }

  add(text: string): void {
    if (this.#later.length === 0) this.#ready += text;
    else this.#later.push(text);
    this.#flush();
  }

  /** Keeps the place of an answer that comes later; the returned function fills it. */
  reserve(): (text: string) => void {
    const place = this.#left + this.#later.length;
    this.#later.push(null);
    this.#waiting += 1;
    return (text) => {
      this.#later[place - this.#left] = text;
      this.#waiting -= 1;
      this.#collect();
      this.#flush();
    };
  }

  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#flush();
  }

  #collect(): void {
    let count = 0;
    for (const text of this.#later) {
      if (text === null) break;
      this.#ready += text;
      count += 1;
    }
    this.#later = this.#later.slice(count);
    this.#left += count;
  }

  #flush(): void {
    if (this.#held || this.#ready === '') return;
    const text = this.#ready;
    this.#ready = '';
    this.#write(text);
  }
}
