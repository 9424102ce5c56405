/** The `id` of a line: echoed, never part of the question. */
export type LineId =
  | { readonly kind: 'none' }
  /** `text` is its JSON. */
  | { readonly kind: 'id'; readonly text: string }
  | { readonly kind: 'invalid'; readonly message: string };

export interface IdentifiedLine {
  readonly id: LineId;
  /** The value without its `id`. */
  readonly request: unknown;
}

const INVALID: LineId = {
  kind: 'invalid',
  message: '`id` must be a string or a number within ±(2^53−1); the line was not decided',
};

/** Takes the `id` off a line's value. */
export function readLineId(value: unknown): IdentifiedLine {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'id')) {
    return { id: { kind: 'none' }, request: value };
  }
  const { id, ...request } = value as Readonly<Record<string, unknown>>;
  return { id: judge(id), request };
}

function judge(id: unknown): LineId {
  if (typeof id === 'string') return { kind: 'id', text: JSON.stringify(id) };
  if (typeof id !== 'number' || !(Math.abs(id) <= Number.MAX_SAFE_INTEGER)) return INVALID;
  return { kind: 'id', text: JSON.stringify(id) };
}
