import type { RequestContext } from './context.ts';

/** A key that was good once: whose it is. */
interface LapsedKey {
  readonly consumer: string;
  readonly keyId: string;
}

const kLapsedKey = Symbol('turnpike.lapsedKey');

type WithLapsedKey = { [kLapsedKey]?: LapsedKey };

/** Says that a request came with a key that has ended; for the log line. It stands at the request: few have one. */
export function noteLapsedKey(context: RequestContext, key: LapsedKey): void {
  (context.req as WithLapsedKey)[kLapsedKey] = key;
}

/** The key that has ended, of a request that was sent with one. */
export function lapsedKeyOf(context: RequestContext): LapsedKey | undefined {
  return (context.req as WithLapsedKey)[kLapsedKey];
}
