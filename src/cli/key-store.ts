import type { StoredConsumer } from '../auth/stored-consumer.ts';
import { CliFault } from './cli-faults.ts';

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
  /** Whether it knows when a key was made, and used last. */
  readonly keepsTimes: boolean;
  read(): Promise<readonly StoredConsumer[]>;
  /** Replaces the consumer of that name, or adds it, with nobody else's change in between. */
  change<T>(name: string, make: MakeChange<T>): Promise<T>;
  close(): Promise<void>;
}

/** What went wrong in words for the person at the terminal. */
export class KeyStoreError extends CliFault {}
