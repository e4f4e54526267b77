import { ConfigError, type Fault, renderConfigError } from '../config/config-error.ts';
import { describeChange, describeOwn } from '../config/describe-change.ts';
import type { LoadedRoutes } from '../config/load-with.ts';
import type { FileConfig } from '../config/routes.ts';
import type { Deps } from '../deps.ts';
import { explainGuard, GUARD_HINT, isTooMuch } from '../explain/what-if/verdict.ts';
import type { WhatIf } from '../explain/what-if/what-if.ts';
import type { Gateway } from '../gateway.ts';
import { inSlices, type Steps } from '../lib/steps.ts';

/** What came of a reload; told to whoever asked for it, and kept for the admin port. */
export interface ReloadResult {
  readonly result: 'applied' | 'unchanged' | 'refused';
  /** ISO time. */
  readonly at: string;
  /** Who asked: `watch`, `SIGHUP`, `admin`, or the `application` around the gateway. */
  readonly by: string;
  /** What is different now, in words. */
  readonly changes: readonly string[];
  /** Why it was refused. */
  readonly faults: readonly Fault[];
}

export interface Reloader {
  /** Undefined until the first reload. */
  readonly last: ReloadResult | undefined;
  /**
   * Loads, compiles and swaps, all or nothing. Resolves when that is done, and never rejects. `isForced`: whatever the
   * guard of the file in force says.
   */
  reload(by: string, isForced?: boolean): Promise<ReloadResult>;
  /** Gives up the reload under way, and all that are asked for later. Resolves when nothing of them is left. */
  close(): Promise<void>;
}

export interface ReloaderOptions {
  readonly gateway: Gateway;
  readonly deps: Pick<Deps, 'log' | 'metrics' | 'clock' | 'hidden'>;
  /** Reads the files; throws a ConfigError that lists every fault. */
  readonly load: () => Steps<LoadedRoutes<FileConfig>>;
  /** Tries a file on the last requests. */
  readonly whatIf: WhatIf;
  /** What is in force at the start. */
  readonly first: Pick<LoadedRoutes<unknown>, 'hash' | 'own'>;
}

/**
 * Brings an edited configuration into force, in slices between which requests are served; a file with a fault changes
 * nothing. Two reloads never overlap: one that is asked for during another runs after it, and reads the files anew.
 */
export function createReloader({ gateway, deps, load, whatIf, first }: ReloaderOptions): Reloader {
  const { log, metrics, clock, hidden } = deps;
  const closing = new AbortController();
  let { hash, own } = first;
  let last: ReloadResult | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  metrics.snapshotLoadedAt.set(clock.now() / 1000);

  /** Throws where the file would refuse more of what passes than the one in force allows. */
  function* obeyGuard(loaded: LoadedRoutes<FileConfig>): Steps<void> {
    const { guard } = gateway.snapshot.config;
    if (guard === undefined) return;
    const report = yield* whatIf(gateway.snapshot, loaded);
    if (!isTooMuch(report, guard.maxNewRefusals)) return;
    const message = explainGuard(report, guard.maxNewRefusals);
    throw new ConfigError([
      { file: loaded.files[0] ?? '', line: 0, column: 0, path: '/guard', message, hint: GUARD_HINT },
    ]);
  }

  function* attempt(by: string, at: string, isForced: boolean): Steps<ReloadResult> {
    const loaded = yield* load();
    if (loaded.hash === hash) return { result: 'unchanged', at, by, changes: [], faults: [] };
    if (!isForced) yield* obeyGuard(loaded);
    const { config } = gateway.snapshot;
    yield* gateway.load(loaded);
    const changes = [...describeChange(config, loaded.config), ...describeOwn(own, loaded.own)].map(hidden.hide);
    ({ hash, own } = loaded);
    metrics.snapshotLoadedAt.set(clock.now() / 1000);
    return { result: 'applied', at, by, changes, faults: [] };
  }

  function report({ result, by, changes }: ReloadResult): void {
    if (result === 'applied') log.info('configuration reloaded', { by, changes });
    else if (result === 'unchanged') log.debug('configuration unchanged', { by });
  }

  function reportFault(error: unknown, by: string): void {
    if (closing.signal.aborted) {
      log.info('reload given up: the gateway is stopping', { by });
      return;
    }
    const why = error instanceof ConfigError ? renderConfigError(error) : String(error);
    log.error(
      `configuration refused, the old one stays in force\n${why}`,
      error instanceof ConfigError ? { by } : { by, error },
    );
  }

  async function run(by: string, isForced: boolean): Promise<ReloadResult> {
    const at = new Date(clock.now()).toISOString();
    const outcome = await inSlices(attempt(by, at, isForced), closing.signal).catch((error: unknown): ReloadResult => {
      reportFault(error, by);
      return {
        result: 'refused',
        at,
        by,
        changes: [],
        faults: faultsOf(error).map((fault) => ({ ...fault, message: hidden.hide(fault.message) })),
      };
    });
    report(outcome);
    metrics.reloads.inc({ result: outcome.result });
    last = outcome;
    return outcome;
  }

  return {
    get last() {
      return last;
    },
    reload(by, isForced = false) {
      const outcome = queue.then(() => run(by, isForced));
      queue = outcome;
      return outcome;
    },
    async close() {
      closing.abort(new Error('the gateway is stopping'));
      await queue;
    },
  };
}

function faultsOf(error: unknown): readonly Fault[] {
  if (error instanceof ConfigError) return error.faults;
  return [{ file: '', line: 0, column: 0, path: '', message: error instanceof Error ? error.message : String(error) }];
}
