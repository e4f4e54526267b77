import { setImmediate } from 'node:timers/promises';

/**
 * Work that may rest after each of its steps: nobody need wait for more than the longest of them. A step that yields a
 * promise rests until that is settled; what became of it is for whoever made it to know, and it must settle by itself.
 *
 * It may be given up at any rest, so it frees what it holds in a `finally`. That one must not rest: what is given up
 * there would be taken up again by whoever waits in a `yield*`.
 */
export type Steps<T> = Generator<Promise<unknown> | undefined, T, undefined>;

/** How long work goes on before it lets others have their turn, in milliseconds. */
const SLICE_MS = 2;

/** Does all of the work in one go; throws where it has to wait for something. */
export function finish<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (step.done !== true) {
    if (step.value !== undefined) {
      steps.return(undefined as never);
      throw new Error('this work has to wait for something, and was asked for at once');
    }
    step = steps.next();
  }
  return step.value;
}

/**
 * Does the work in slices of 2 ms and a step; in between the event loop serves whatever came in.
 * Once `signal` is aborted the work is given up, and the signal's reason thrown.
 */
export async function inSlices<T>(steps: Steps<T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    await setImmediate();
    if (signal?.aborted === true) {
      steps.return(undefined as never);
      throw signal.reason;
    }
    const untilMs = performance.now() + SLICE_MS;
    do {
      const step = steps.next();
      if (step.done === true) return step.value;
      if (step.value !== undefined) {
        await step.value.catch(() => undefined);
        break;
      }
    } while (performance.now() < untilMs);
  }
}

/** Work on the side, that nobody waits for. */
export interface SideWork {
  run(steps: Steps<void>): void;
  /** Does what is left, and all that comes later, in one go. */
  close(): void;
}

export function createSideWork(): SideWork {
  const open = new Set<Steps<void>>();
  let isClosed = false;
  return {
    run(steps) {
      if (isClosed) {
        finish(steps);
        return;
      }
      open.add(steps);
      void inSlices(steps).finally(() => open.delete(steps));
    },
    close() {
      isClosed = true;
      for (const steps of open) finish(steps);
    },
  };
}
