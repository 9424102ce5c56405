declare const brand: unique symbol;

/** A `T` that went through the one function that may mint it; the name says which check it passed. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
