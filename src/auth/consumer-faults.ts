import { type ErrorCode, GatewayError } from '../errors.ts';
import { capitalise } from '../lib/capitalise.ts';
import { KeyFault } from './key-changes.ts';
import { ConsumersUnavailable } from './redis-consumers.ts';

const CODES: Readonly<Record<KeyFault['reason'], ErrorCode>> = {
  taken: 'conflict',
  missing: 'consumer_not_found',
  full: 'conflict',
  ended: 'conflict',
  unlike: 'conflict',
  invalid: 'invalid_request',
};

const NOT_MADE = 'The store of consumers does not answer; nothing was changed.';
const IN_DOUBT =
  'The store of consumers did not answer in time: look whether the change was made. A key that was made and never shown is of no use: revoke it.';

/** What went wrong with consumers in Redis, as a client is told it; anything else as it is. */
export function consumerError(thrown: unknown): unknown {
  if (thrown instanceof KeyFault) return new GatewayError(CODES[thrown.reason], `${capitalise(thrown.message)}.`);
  if (!(thrown instanceof ConsumersUnavailable)) return thrown;
  const detail = thrown.isDoubtful ? IN_DOUBT : NOT_MADE;
  return new GatewayError('consumers_unavailable', detail, { cause: thrown, retryAfterSeconds: 1 });
}
