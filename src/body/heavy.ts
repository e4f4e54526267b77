import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { HEAVY_BYTES, ownTurn } from '../lib/own-turn.ts';
import { tooMuchAtOnce } from './too-much.ts';

/**
 * Comes back when a message of so many bytes may be parsed, or written: at once where it is small. Rejects with
 * `overloaded` (503) where too many wait, `client_closed` where nobody wants it any more.
 */
export async function turnFor(context: RequestContext, bytes: number): Promise<void> {
  if (bytes < HEAVY_BYTES) return;
  if (!(await ownTurn(context.clientAddress))) throw tooMuchAtOnce();
  if (context.res.destroyed) throw new GatewayError('client_closed');
}
