import { AsyncLocalStorage } from 'node:async_hooks';

/** Whose code runs: a hook of one request, or what a stage does besides. */
export interface Runner {
  /** Hears of what was thrown where nobody waits any more: in a timer, in a promise that was let go. */
  late(error: unknown): void;
}

/** Marks the URLs of own modules, and so the stacks of their errors. */
export const OWN_MARK = 'turnpike-own=';

/** Files that stages alone have loaded: packages, which Node keeps by their own URL. */
const packageFiles = new Set<string>();

/** A file of a package that nobody had loaded before a stage did: an error that comes from there is no fault of ours. */
export function markPackageFile(path: string): void {
  packageFiles.add(path);
}

/** Whether this file was loaded for stages alone. */
export function isPackageFile(path: string): boolean {
  return packageFiles.has(path);
}

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

/** Whose code runs now; undefined for the gateway's. */
export function currentRunner(): Runner | undefined {
  return runners.getStore();
}

/** A module that is imported: it has no stage yet that could be told. */
export const IMPORTING: Runner = { late(): void {} };

/**
 * Whether an error that nobody has caught is an own stage's; that one is told then, and nothing else need end for it.
 * It is where it was thrown in what a stage has begun, or has a file of a stage, or of a package of a stage's, on its
 * stack.
 */
export function takeLateFault(error: unknown, tell: (error: unknown) => void): boolean {
  const runner = runners.getStore();
  if (runner !== undefined) {
    if (runner === IMPORTING) tell(error);
    else runner.late(error);
    return true;
  }
  if (!hasOwnStack(error)) return false;
  tell(error);
  return true;
}

/** The path in a line of a stack, with or without `file://`. */
const PATH = /(?:file:\/\/)?(\/[^\s?()]+?):\d+:\d+/g;

function hasOwnStack(error: unknown): boolean {
  try {
    const stack = String((error as Error | undefined)?.stack);
    if (stack.includes(OWN_MARK)) return true;
    return packageFiles.size > 0 && [...stack.matchAll(PATH)].some(([, path = '']) => packageFiles.has(path));
  } catch {
    // Its stack is a getter that throws, or no text: nothing of ours is made so.
    return true;
  }
}
