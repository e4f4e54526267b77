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

/** Where `turnpike key` keeps consumers: routes.json, or Redis. */
export interface KeyStore {
  /** The place, for messages. */
  readonly place: string;
  read(): Promise<readonly StoredConsumer[]>;
  /** Replaces the consumer of that name, or adds it. */
  write(consumer: StoredConsumer): Promise<void>;
  close(): Promise<void>;
}

/** What went wrong in words for the person at the terminal. */
export class KeyStoreError extends Error {}
