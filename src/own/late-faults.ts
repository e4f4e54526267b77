import { AsyncLocalStorage } from 'node:async_hooks';

/** Whose code runs: a hook of one request, or what a stage does besides. */
export interface Runner {
  /** Hears of what was thrown where nobody waits any more: in a timer, in a promise that was let go. */
  late(error: unknown): void;
}

/** Marks the URLs of own modules, and so the stacks of their errors. */
export const OWN_MARK = 'turnpike-own=';

/** Nothing runs in it before the first own stage does, and until then it costs nothing. */
const runners = new AsyncLocalStorage<Runner | undefined>();

/** Runs a stage's code, so that whatever it leaves behind is known as that stage's. */
export function runAs<T>(runner: Runner, code: () => T): T {
  return runners.run(runner, code);
}

/** Runs the gateway's code out of a stage's: a fault of ours is never taken for one of the stage. */
export function runAsGateway<T>(code: () => T): T {
  return runners.run(undefined, code);
}

/** A module that is imported: it has no stage yet that could be told. */
export const IMPORTING: Runner = { late(): void {} };

/**
 * Whether an error that nobody has caught is an own stage's; that one is told then, and nothing else need end for it.
 * It is where it was thrown in what a stage has begun, or has a file of a stage on its stack.
 */
export function takeLateFault(error: unknown, tell: (error: unknown) => void): boolean {
  const runner = runners.getStore();
  if (runner !== undefined) {
    if (runner === IMPORTING) tell(error);
    else runner.late(error);
    return true;
/** Whose code runs now; undefined for the gateway's. */
export function currentRunner(): Runner | undefined {
  return runners.getStore();
}

  }
  if (!(error instanceof Error) || error.stack?.includes(OWN_MARK) !== true) return false;
  tell(error);
  return true;
}
