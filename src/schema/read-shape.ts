import type { z } from 'zod';

/** Our own copy of the reason why a value has not the shape that it should have. */
export type ShapeReading<Shape extends z.ZodType> =
  | { readonly kind: 'value'; readonly value: z.output<Shape> }
  | { readonly kind: 'invalid'; readonly issues: readonly z.core.$ZodIssue[] };

/**
 * The one way in which untrusted values meet a zod shape. `.max` looks at the `length` of whatever is there, a string
 * or not, and to compare what JSON can put there (`{"length":{"toString":0}}`) throws.
 */
export function readShape<Shape extends z.ZodType>(shape: Shape, value: unknown): ShapeReading<Shape> {
  try {
    const parsed = shape.safeParse(value);
    return parsed.success ? { kind: 'value', value: parsed.data } : { kind: 'invalid', issues: parsed.error.issues };
  } catch {
    return { kind: 'invalid', issues: [] };
  }
}
