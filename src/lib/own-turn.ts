import { Turns } from './turns.ts';

/** From here on, reading or writing a message takes so long that others should have a turn in between. */
export const HEAVY_BYTES = 32 * 1024;

const turns = new Turns(10_000, 1_000);
let isServing = false;

/**
 * Waits for a turn of the event loop in which to do one piece of work that takes milliseconds, JSON of a megabyte for
 * one: there is one piece a turn, of each caller in turns, and requests are served in between. False where too many
 * pieces wait already. Afterwards look whether the work is still wanted.
 */
export function ownTurn(caller: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  if (!turns.add(caller, resolve)) {
    resolve(false);
  } else if (!isServing) {
    isServing = true;
    setImmediate(serve);
  }
  return promise;
}

function serve(): void {
  const proceed = turns.next();
  if (proceed === undefined) {
    isServing = false;
    return;
  }
  // What waited goes on before the loop does.
  proceed(true);
  setImmediate(serve);
}
