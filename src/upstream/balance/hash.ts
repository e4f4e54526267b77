import type { RequestContext } from '../../context.ts';
import { hashText, mixBits } from '../../lib/hash-text.ts';
import { readCookie } from '../../lib/read-cookie.ts';
import type { Target } from '../target.ts';
import type { Balancer } from './balancer.ts';
import { rampOf, type SlowStart } from './slow-start.ts';

export type HashKey = 'consumer' | 'address' | `header:${string}` | `cookie:${string}`;

const TWO_TO_32 = 2 ** 32;
/** Longer values are cut for hashing: a client's header must not buy time. */
const MAX_KEY_LENGTH = 256;

/**
 * The same target for the same caller: weighted rendezvous hashing (Thaler and Ravishankar, 1998). A target that
 * leaves moves only its own keys, one that joins takes only its share, and there is no ring to build. A request
 * without the header or cookie goes by its client address.
 */
export function createHash(key: HashKey, slowStart: SlowStart): Balancer {
  const keyOf = createKeyReader(key);
  return {
    pick(usable: readonly Target[], context: RequestContext): Target | undefined {
      if (usable.length < 2) return usable[0];
      const hash = hashText(keyOf(context).slice(0, MAX_KEY_LENGTH));
      const best = findWinner(usable, hash, undefined);
      // In a slow start the keys come back one by one: those that are not due go where they went before.
      if (best === undefined || best.recoveredAtMs === 0) return best;
      if (mixBits(hash ^ ~best.seed) / TWO_TO_32 < rampOf(best, slowStart)) return best;
      return findWinner(usable, hash, best) ?? best;
    },
  };
}

function findWinner(targets: readonly Target[], hash: number, except: Target | undefined): Target | undefined {
  let best: Target | undefined;
  let bestScore = -1;
  for (const target of targets) {
    if (target === except || target.weight === 0) continue;
    // (0, 1), and -1 / ln of it is drawn as often highest as the weight says.
    const draw = (mixBits(Math.imul(hash, 0x9e3779b1) + target.seed) + 0.5) / TWO_TO_32;
    const score = -target.weight / Math.log(draw);
    if (score > bestScore) {
      best = target;
      bestScore = score;
    }
  }
  return best;
}

function createKeyReader(key: HashKey): (context: RequestContext) => string {
  if (key === 'address') return (context) => context.clientAddress;
  if (key === 'consumer') return (context) => context.consumer?.name ?? context.userKey ?? context.clientAddress;
  const name = key.slice(key.indexOf(':') + 1);
  if (key.startsWith('cookie:'))
    return (context) => readCookie(context.req.headers.cookie, name) ?? context.clientAddress;
  const header = name.toLowerCase();
  return (context) => {
    const value = context.req.headers[header];
    return (typeof value === 'string' ? value : value?.[0]) ?? context.clientAddress;
  };
}
