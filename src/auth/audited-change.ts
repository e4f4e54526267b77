import type { Audit } from './audit.ts';
import {
  type Changed,
  type ConsumerChange,
  ConsumersUnavailable,
  type ReadConsumer,
  type RedisConsumers,
} from './redis-consumers.ts';

/** What the log is told of a change. */
export type ToldOfChange = Pick<Audit, 'action' | 'consumer' | 'keyId' | 'changed' | 'outcome'>;

/** One change of a consumer, and the line that tells who made it. */
export interface AuditedChange<T> {
  readonly name: string;
  make(before: ReadConsumer | undefined): ConsumerChange<T>;
  /** How long others may be faster. */
  readonly withinMs: number;
  /** What is told of it, by what came of it. */
  told(result: T): Omit<ToldOfChange, 'consumer' | 'outcome'>;
  write(told: ToldOfChange): void;
}

/** Makes a change and writes its line: also where nobody knows whether it was made, since it may be in force. */
export async function changeAudited<T>(
  store: RedisConsumers,
  { name, make, withinMs, told, write }: AuditedChange<T>,
): Promise<Changed<T>> {
  let last: ConsumerChange<T> | undefined;
  const makeAndKeep = (before: ReadConsumer | undefined) => {
    last = make(before);
    return last;
  };
  try {
    const changed = await store.change(name, makeAndKeep, withinMs);
    write({ ...told(changed.result), consumer: name });
    return changed;
  } catch (thrown) {
    if (last !== undefined && thrown instanceof ConsumersUnavailable && thrown.isDoubtful)
      write({ ...told(last.result), consumer: name, outcome: 'unknown' });
    throw thrown;
  }
}
