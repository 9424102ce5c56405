/** Where the offset of every view may lie: the widest elements have eight bytes. */
const ALIGNMENT = 8;

type View = ArrayBufferView;
type ViewKind = new (buffer: SharedArrayBuffer, offset: number, length: number) => View;

/**
 * The same plain data with all its typed arrays in memory that threads share, so that handing it to another thread
 * copies none of them. What lies in such memory already is taken as it is, and whatever holds no typed array is the
 * same object. The arrays must not be written any more.
 */
export function withSharedArrays<T>(value: T): T {
  const found = new Map<View, number>();
  const bytes = collect(value, found, 0);
  if (found.size === 0) return value;
  const memory = new SharedArrayBuffer(bytes);
  const moved = new Map([...found].map(([view, offset]) => [view, movedTo(memory, offset, view)]));
  return replaced(value, moved) as T;
}

/** Notes where each array that is not shared yet will lie; returns the end of them all. */
function collect(value: unknown, found: Map<View, number>, end: number): number {
  if (typeof value !== 'object' || value === null) return end;
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof SharedArrayBuffer || found.has(value)) return end;
    found.set(value, end);
    return end + Math.ceil(value.byteLength / ALIGNMENT) * ALIGNMENT;
  }
  let last = end;
  for (const part of partsOf(value)) last = collect(part, found, last);
  return last;
}

function partsOf(value: object): Iterable<unknown> {
  if (Array.isArray(value)) return value as readonly unknown[];
  return value instanceof Map ? value.values() : Object.values(value);
}

function movedTo(memory: SharedArrayBuffer, offset: number, view: View): View {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  new Uint8Array(memory, offset, view.byteLength).set(bytes);
  // a Buffer arrives in another thread as the Uint8Array that it is
  if (view instanceof Uint8Array) return new Uint8Array(memory, offset, view.byteLength);
  const Kind = view.constructor as ViewKind;
  return new Kind(memory, offset, 'length' in view ? Number(view.length) : view.byteLength);
}

function replaced(value: unknown, moved: ReadonlyMap<View, View>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return moved.get(value) ?? value;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => replaced(item, moved));
    return items.some((item, at) => item !== value[at]) ? items : value;
  }
  const before: readonly (readonly [unknown, unknown])[] = value instanceof Map ? [...value] : Object.entries(value);
  const after = before.map(([key, part]) => [key, replaced(part, moved)] as const);
  if (after.every(([, part], at) => part === before[at]?.[1])) return value;
  return value instanceof Map ? new Map(after) : Object.fromEntries(after as [string, unknown][]);
}
