/** A key as it is stored: its hash, never itself. */
export interface StoredKey {
  readonly id: string;
  readonly sha256: string;
  readonly expiresAt?: string | undefined;
  /** Epoch milliseconds of the last use, to the minute, where the store knows it. */
  readonly usedAtMs?: number | undefined;
}

export interface StoredConsumer {
  readonly name: string;
  readonly plan?: string | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly keys?: readonly StoredKey[] | undefined;
  /** scrypt hash. */
  readonly password?: string | undefined;
}

/** What becomes of a consumer, and what is told of it. */
export interface Change<T> {
  readonly after: StoredConsumer;
  readonly result: T;
}

/**
 * Makes one consumer from what it was; `place` is where it is kept, for messages. Called once more where somebody else
 * was faster, so it has no effect of its own; what it throws leaves everything as it was.
 */
export type MakeChange<T> = (before: StoredConsumer | undefined, place: string) => Change<T>;

/** Where `turnpike key` keeps consumers: routes.json with routes.d, or Redis. */
export interface KeyStore {
  /** The place, for messages. */
  readonly place: string;
  /** Whether it knows when a key was used last. */
  readonly knowsUses: boolean;
  read(): Promise<readonly StoredConsumer[]>;
  /** Replaces the consumer of that name, or adds it, with nobody else's change in between. */
  change<T>(name: string, make: MakeChange<T>): Promise<T>;
  close(): Promise<void>;
}

/** What went wrong in words for the person at the terminal. */
export class KeyStoreError extends Error {}
