import { GatewayError } from '../errors.ts';

/** Too much is being read whole at the moment: 503, and soon there is room again. */
export function tooMuchAtOnce(): GatewayError {
  return new GatewayError('overloaded', 'Too many large messages are being read at once.', { retryAfterSeconds: 1 });
}
