import { cacheTermsOf } from '../cache-terms.ts';
import type { RequestContext } from '../context.ts';
import { promiseOf } from './decision.ts';
import type { StageContext, StageHooks } from './define-stage.ts';

/** Asks a stage what it says of this request to the cache. Throws for what is no word of it, and then nothing is stored. */
export function askForCache(hooks: StageHooks, view: StageContext, context: RequestContext): void {
  const { cacheKey, cacheDisabled } = hooks;
  if (cacheKey === undefined && cacheDisabled === undefined) return;
  try {
    tellCache(context, cacheKey?.call(hooks, view), cacheDisabled?.call(hooks, view));
  } catch (error) {
    // What its answers differ by is not known.
    cacheTermsOf(context).isDisabled = true;
    throw error;
  }
}

/** Tells the cache; throws for a key that is no text, and for a word that is neither true nor false. */
export function tellCache(context: RequestContext, key: unknown, isDisabled: unknown): void {
  if (key !== undefined && typeof key !== 'string') throw wrong('cacheKey', 'a text', key);
  if (isDisabled !== undefined && typeof isDisabled !== 'boolean')
    throw wrong('cacheDisabled', 'true or false', isDisabled);
  if (key !== undefined) cacheTermsOf(context).parts.push(key);
  if (isDisabled === true) cacheTermsOf(context).isDisabled = true;
}

function wrong(name: string, expected: string, value: unknown): TypeError {
  const promise = promiseOf(value);
  if (promise === undefined)
    return new TypeError(`${name} is ${expected}, and not ${value === null ? 'null' : typeof value}`);
  // Nobody waits for it, and it may fail.
  promise.catch(() => undefined);
  return new TypeError(`${name} is ${expected}, at once: it has given a promise`);
}
