/** Who asked, as the kernel says; null = not known. */
export interface AskingPeer {
  readonly uid: number | null;
  readonly gid: number | null;
  readonly pid: number | null;
}

/** One decision on its way from the thread that answers to the one that writes. */
export interface PagedDecision {
  readonly at: number;
  readonly peer: AskingPeer;
  /** JSON. */
  readonly answer: string;
  /** JSON, or empty. */
  readonly labels: string;
}

/** Room for 2,048 answers of ordinary length: four pages a second leave the writer's processor to others. */
export const PAGE_BYTES = 3 * 1024 * 1024;
export const PAGE_RECORDS = 2_048;
/** The last part of a page is for denials: nobody can hide one behind a flood of what is allowed. */
const COMMON_BYTES = (PAGE_BYTES / 8) * 7;
const COMMON_RECORDS = (PAGE_RECORDS / 8) * 7;

/** Time, uid, gid, pid as doubles (NaN = null), then the lengths of the two texts, in UTF-16 units. */
const HEADER_BYTES = 40;

/**
 * A bounded queue that is one piece of memory. Decisions are copied into it as they are made, so that nothing is kept
 * alive for the collector to move, and handing over thousands of them is handing over one buffer, not a copy of each:
 * cloning thousands of small objects would hold up every answer for milliseconds. UTF-16 because that is what a string is: the
 * copy takes a tenth of a microsecond, and UTF-8 would take six.
 */
export class DecisionPage {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #used = 0;
  #count = 0;

  constructor(memory: ArrayBuffer = new ArrayBuffer(PAGE_BYTES)) {
    this.#bytes = Buffer.from(memory);
    this.#view = new DataView(memory);
  }

  get count(): number {
    return this.#count;
  }

  /** For `readPage`, in another thread. */
  get memory(): ArrayBuffer {
    return this.#view.buffer as ArrayBuffer;
  }

  /** Whether a decision of this length will be taken; `denial` says whether it may use the part that is kept free. */
  hasRoom(characters: number, denial: boolean): boolean {
    const end = this.#used + HEADER_BYTES + 2 * characters + 8;
    if (denial) return end <= PAGE_BYTES && this.#count < PAGE_RECORDS;
    return end <= COMMON_BYTES && this.#count < COMMON_RECORDS;
  }

  /** Only after `hasRoom`. */
  add(at: number, { uid, gid, pid }: AskingPeer, answer: string, labels: string): void {
    const view = this.#view;
    const start = this.#used;
    view.setFloat64(start, at);
    view.setFloat64(start + 8, uid ?? Number.NaN);
    view.setFloat64(start + 16, gid ?? Number.NaN);
    view.setFloat64(start + 24, pid ?? Number.NaN);
    view.setUint32(start + 32, answer.length);
    view.setUint32(start + 36, labels.length);
    const text = start + HEADER_BYTES;
    this.#bytes.write(answer, text, 'utf16le');
    if (labels !== '') this.#bytes.write(labels, text + 2 * answer.length, 'utf16le');
    // the next header stands at a multiple of eight, where reading and writing numbers is cheapest
    this.#used = (text + 2 * (answer.length + labels.length) + 7) & ~7;
    this.#count += 1;
  }
}

/** The decisions of a page, in their order. One at a time: thousands at once would only feed the collector. */
export function* readPage(memory: ArrayBuffer, count: number): Generator<PagedDecision, undefined> {
  const bytes = Buffer.from(memory);
  const view = new DataView(memory);
  for (let start = 0, read = 0; read < count; read += 1) {
    const text = start + HEADER_BYTES;
    const middle = text + 2 * view.getUint32(start + 32);
    const end = middle + 2 * view.getUint32(start + 36);
    yield {
      at: view.getFloat64(start),
      peer: {
        uid: numberOrNull(view.getFloat64(start + 8)),
        gid: numberOrNull(view.getFloat64(start + 16)),
        pid: numberOrNull(view.getFloat64(start + 24)),
      },
      answer: bytes.toString('utf16le', text, middle),
      labels: bytes.toString('utf16le', middle, end),
    };
    start = (end + 7) & ~7;
  }
}

function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
