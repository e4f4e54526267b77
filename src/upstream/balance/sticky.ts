import type { RequestContext } from '../../context.ts';
import { readCookie } from '../../lib/read-cookie.ts';
import type { Target } from '../target.ts';
import type { Balancer } from './balancer.ts';

/**
 * The target that the client's cookie names; the first time, and when that target is gone, another balancer's choice
 * and a new cookie. The cookie holds a hash of the address, not the address.
 */
export function createSticky(cookie: string, first: Balancer): Balancer {
  return {
    pick(usable: readonly Target[], context: RequestContext): Target | undefined {
      const wanted = readCookie(context.req.headers.cookie, cookie);
      if (wanted !== undefined) {
        for (const target of usable) if (nameOf(target) === wanted) return target;
      }
      const target = first.pick(usable, context);
      if (target !== undefined && !context.dryRun) setCookie(context, cookie, nameOf(target));
      return target;
    },
  };
}

const nameOf = (target: Target): string => target.seed.toString(36);

function setCookie(context: RequestContext, name: string, value: string): void {
  const secure = context.scheme === 'https' ? '; Secure' : '';
  const field = `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure}`;
  const fields = context.extraHeaders;
  // A retry picks again: the last target is the one that answered.
  for (let index = 0; fields !== undefined && index < fields.length; index += 2) {
    if (fields[index] === 'set-cookie' && fields[index + 1]?.startsWith(`${name}=`)) {
      fields[index + 1] = field;
      return;
    }
  }
  context.addHeader('set-cookie', field);
}
