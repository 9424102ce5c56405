import { affinity } from './affinity.ts';
import { type BlockingSocket, blockingSockets, type Connect } from './blocking-socket.ts';
import type { Latency, LoadJob, LoadResult, LoadTarget } from './load-job.ts';
import { quantile } from './quantiles.ts';

const WARM_UP_QUESTIONS = 3_000;
const NEWLINE = 0x0a;
const inbox = Buffer.alloc(1 << 20);

process.on('message', (job: LoadJob) => {
  void measure(job)
    .catch((error: unknown): LoadResult => ({ kind: 'failed', message: String(error) }))
    .then((result) => process.send?.(result));
});

async function measure(job: LoadJob): Promise<LoadResult> {
  const connect = await blockingSockets();
  if (job.load.kind === 'throughput') return throughput(job, job.load, connect);
  const { together, anywhere } = await affinity();
  const pids = job.targets.flatMap(({ pid }) => pid ?? []);
  // all of them or none: they are compared
  if (pids.length === job.targets.length) together(pids);
  try {
    return latency(job, job.load, connect);
  } finally {
    anywhere(pids);
  }
}

function inTurns<T>(items: readonly T[], slices: number, work: (item: T) => void): void {
  for (let slice = 0; slice < slices; slice += 1) {
    for (const item of slice % 2 === 0 ? items : items.toReversed()) work(item);
  }
}

type LatencyLoad = Extract<LoadJob['load'], { kind: 'latency' }>;

function latency(job: LoadJob, load: LatencyLoad, connect: Connect): LoadResult {
  const {
    questionsPerSlice,
    msPerSlice = Infinity,
    warmUp = WARM_UP_QUESTIONS,
    countOmitted = false,
    everyUs = 0,
  } = load;
  const askers = job.targets.map(
    (target) => new Asker(target, connect, Math.max(warmUp, job.slices * questionsPerSlice)),
  );
  for (const asker of askers) asker.ask(warmUp, Infinity);
  const found: Record<string, Latency[]> = {};
  for (let round = 0; round < job.rounds; round += 1) {
    for (const asker of askers) asker.forget();
    inTurns(askers, job.slices, (asker) => asker.ask(questionsPerSlice, msPerSlice, everyUs / 1_000));
    for (const asker of askers) (found[asker.name] ??= []).push(asker.summary(countOmitted));
  }
  for (const asker of askers) asker.close();
  return { kind: 'measured', rounds: { latency: found, rate: {}, busy: 0 } };
}

/** Asks one question after the other, and keeps how long each took. */
class Asker {
  readonly name: string;
  readonly #socket: BlockingSocket;
  readonly #requests: readonly Buffer[];
  readonly #complete: (length: number) => boolean;
  readonly #expect: string | undefined;
  readonly #times: Float64Array;
  #asked = 0;
  /** Where each slice begins. */
  #slices: number[] = [];
  #next = 0;

  constructor(target: LoadTarget, connect: Connect, room: number) {
    this.name = target.name;
    this.#socket = connect(target.address);
    this.#requests = target.requests.map((text) => Buffer.from(text));
    this.#complete = target.framing === 'line' ? isWholeLine : isWholeHttpAnswer;
    this.#expect = target.expect;
    this.#times = new Float64Array(room);
  }

  /** A slice of its own in the summary. */
  ask(count: number, ms: number, everyMs = 0): void {
    const start = performance.now();
    this.#slices.push(this.#asked);
    let length = 0;
    for (let asked = 0; asked < count && performance.now() < start + ms; asked += 1) {
      // sleeping would take longer than the time there is
      while (performance.now() < start + asked * everyMs);
      const request = this.#requests[this.#next] ?? Buffer.alloc(0);
      this.#next = (this.#next + 1) % this.#requests.length;
      const before = performance.now();
      this.#socket.send(request);
      length = this.#socket.receive(inbox);
      while (!this.#complete(length)) length += this.#socket.receive(inbox.subarray(length));
      this.#times[this.#asked] = performance.now() - before;
      this.#asked += 1;
    }
    assertExpected(this.name, this.#expect, length);
  }

  forget(): void {
    this.#asked = 0;
    this.#slices = [];
  }

  summary(countOmitted: boolean): Latency {
    const sorted = this.#times.subarray(0, this.#asked).toSorted();
    const counted = countOmitted ? withOmitted(sorted) : sorted;
    const at = (share: number): number => quantile(counted, share) * 1_000;
    const p50s = this.#slices.map((from, slice) => {
      const times = this.#times.subarray(from, this.#slices[slice + 1] ?? this.#asked);
      return quantile(times.toSorted(), 0.5) * 1_000;
    });
    return { p50: at(0.5), p50s, p99: at(0.99), p999: at(0.999) };
  }

  close(): void {
    this.#socket.close();
  }
}

/** A question every median would have met the stall as well, the later the shorter; `sorted` is ascending. */
function withOmitted(sorted: Float64Array): Float64Array {
  const every = quantile(sorted, 0.5);
  const all = [...sorted];
  for (const time of sorted) for (let rest = time - every; rest > every; rest -= every) all.push(rest);
  return Float64Array.from(all).sort();
}

/** Of what came last, and only at the end of a slice: looking into every answer would take longer than some servers. */
function assertExpected(name: string, expect: string | undefined, length: number): void {
  if (expect === undefined || length === 0) return;
  const came = inbox.toString('latin1', 0, length);
  if (came.includes(expect) && !came.includes('"error":')) return;
  throw new Error(`\`${name}\` answered ${came.slice(0, 300)}`);
}

function isWholeLine(length: number): boolean {
  return inbox[length - 1] === NEWLINE;
}

function isWholeHttpAnswer(length: number): boolean {
  const end = inbox.indexOf('\r\n\r\n', 0, 'latin1');
  if (end === -1 || end >= length) return false;
  const head = inbox.toString('latin1', 0, end);
  const stated = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (stated !== undefined) return length >= end + 4 + Number(stated);
  if (/\r\ntransfer-encoding: *chunked/i.test(head))
    return inbox.toString('latin1', length - 5, length) === '0\r\n\r\n';
  return / (?:204|304) /.test(head.slice(0, 20));
}

type ThroughputLoad = Extract<LoadJob['load'], { kind: 'throughput' }>;

function throughput(job: LoadJob, load: ThroughputLoad, connect: Connect): LoadResult {
  const pumps = job.targets.map((target) => new Pump(target, connect, load));
  for (const pump of pumps) pump.run(load.msPerSlice);
  const found: Record<string, number[]> = {};
  const started = { at: performance.now(), used: process.cpuUsage() };
  for (let round = 0; round < job.rounds; round += 1) {
    for (const pump of pumps) pump.forget();
    inTurns(pumps, job.slices, (pump) => pump.run(load.msPerSlice));
    for (const pump of pumps) (found[pump.name] ??= []).push(pump.rate());
  }
  const used = process.cpuUsage(started.used);
  const busy = (used.user + used.system) / 1_000 / (performance.now() - started.at);
  for (const pump of pumps) pump.close();
  return { kind: 'measured', rounds: { latency: {}, rate: found, busy } };
}

/** Keeps `window` questions in flight on each of its connections: as many as were answered are asked again. */
class Pump {
  readonly name: string;
  readonly #lines: { readonly socket: BlockingSocket; outstanding: number }[];
  readonly #window: number;
  readonly #count: number;
  readonly #wire: Buffer;
  /** Where each request begins in `#wire`. */
  readonly #starts: readonly number[];
  readonly #mark: Buffer;
  readonly #expect: string | undefined;
  #next = 0;
  #answered = 0;
  #ms = 0;

  constructor(target: LoadTarget, connect: Connect, { connections, window }: ThroughputLoad) {
    this.name = target.name;
    this.#window = window;
    const requests = target.requests.map((text) => Buffer.from(text));
    this.#count = requests.length;
    // the beginning once more at the end: any run of `window` requests lies in one piece
    const ring = [...requests, ...requests.slice(0, window)];
    this.#wire = Buffer.concat(ring);
    let start = 0;
    this.#starts = [0, ...ring.map(({ length }) => (start += length))];
    this.#mark = Buffer.from(target.framing === 'line' ? '\n' : 'HTTP/1.1 ');
    this.#expect = target.expect;
    this.#lines = Array.from({ length: connections }, () => ({ socket: connect(target.address), outstanding: 0 }));
  }

  run(ms: number): void {
    const started = performance.now();
    for (const line of this.#lines) this.#send(line, this.#window);
    let answered = 0;
    while (performance.now() - started < ms) {
      for (const line of this.#lines) {
        const count = this.#receive(line);
        answered += count;
        this.#send(line, count);
      }
    }
    this.#ms += performance.now() - started;
    this.#answered += answered;
    // what is still in flight is nobody's: the next slice belongs to another server
    for (const line of this.#lines) while (line.outstanding > 0) this.#receive(line);
  }

  forget(): void {
    this.#ms = 0;
    this.#answered = 0;
  }

  rate(): number {
    return (this.#answered / this.#ms) * 1_000;
  }

  close(): void {
    for (const { socket } of this.#lines) socket.close();
  }

  #send(line: { readonly socket: BlockingSocket; outstanding: number }, count: number): void {
    if (count === 0) return;
    const from = this.#starts[this.#next] ?? 0;
    line.socket.send(this.#wire.subarray(from, this.#starts[this.#next + count]));
    line.outstanding += count;
    this.#next = (this.#next + count) % this.#count;
  }

  /** How many answers came, by the mark that each of them has once. A chunk that cuts a mark in two is read on. */
  #receive(line: { readonly socket: BlockingSocket; outstanding: number }): number {
    let length = line.socket.receive(inbox);
    while (this.#cutsMark(length)) length += line.socket.receive(inbox.subarray(length));
    const answers = inbox.subarray(0, length);
    let count = 0;
    for (let at = answers.indexOf(this.#mark); at !== -1; at = answers.indexOf(this.#mark, at + 1)) count += 1;
    line.outstanding -= count;
    if (line.outstanding === 0) assertExpected(this.name, this.#expect, length);
    return count;
  }

  /** Whether what came ends inside a mark. */
  #cutsMark(length: number): boolean {
    for (let part = Math.min(this.#mark.length - 1, length); part > 0; part -= 1) {
      if (inbox.subarray(length - part, length).equals(this.#mark.subarray(0, part))) return true;
    }
    return false;
  }
}
