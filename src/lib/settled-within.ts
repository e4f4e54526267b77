/**
 * Waits for a promise, but no longer than `withinMs` milliseconds; true when it was fulfilled by then. Rejects when it
 * is rejected in time; what comes later is for whoever else holds the promise.
 */
export function settledWithin(promise: Promise<unknown>, withinMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, withinMs, false);
    promise.then(() => resolve(true), reject).finally(() => clearTimeout(timer));
  });
}
