type Flatten<T> = { [K in keyof T]: T[K] };

/** One type with the members of all types of a union: `Unite<{ a: 1 } | { b: 2 }>` is `{ a: 1; b: 2 }`. */
export type Unite<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer I) => void
  ? Flatten<I>
  : never;
