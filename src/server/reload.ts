import { ConfigError, type Fault, renderConfigError } from '../config/config-error.ts';
import { describeChange } from '../config/describe-change.ts';
import type { LoadedRoutes } from '../config/load-with.ts';
import type { FileConfig } from '../config/routes.ts';
import type { Deps } from '../deps.ts';
import type { Gateway } from '../gateway.ts';

/** What came of a reload; told to whoever asked for it, and kept for the admin port. */
export interface ReloadResult {
  readonly result: 'applied' | 'unchanged' | 'refused';
  /** ISO time. */
  readonly at: string;
  /** Who asked: `watch`, `SIGHUP`, `admin`. */
  readonly by: string;
  /** What is different now, in words. */
  readonly changes: readonly string[];
  /** Why it was refused. */
  readonly faults: readonly Fault[];
}

export interface Reloader {
  /** Undefined until the first reload. */
  readonly last: ReloadResult | undefined;
  /** Loads, compiles and swaps, all or nothing. Never throws. */
  reload(by: string): ReloadResult;
}

export interface ReloaderOptions {
  readonly gateway: Gateway;
  readonly deps: Pick<Deps, 'log' | 'metrics' | 'clock'>;
  /** Reads the files; throws a ConfigError that lists every fault. */
  readonly load: () => LoadedRoutes<FileConfig>;
  /** Hash of what is in force at the start. */
  readonly hash: string;
}

/**
 * Brings an edited configuration into force. It runs from start to end in one go, so that two reloads never overlap;
 * a file with a fault changes nothing.
 */
export function createReloader({ gateway, deps, load, hash: firstHash }: ReloaderOptions): Reloader {
  const { log, metrics, clock } = deps;
  let hash = firstHash;
  let last: ReloadResult | undefined;
  metrics.snapshotLoadedAt.set(clock.now() / 1000);

  function attempt(by: string, at: string): ReloadResult {
    const loaded = load();
    if (loaded.hash === hash) return { result: 'unchanged', at, by, changes: [], faults: [] };
    const changes = describeChange(gateway.snapshot.config, loaded.config);
    gateway.load(loaded);
    hash = loaded.hash;
    metrics.snapshotLoadedAt.set(clock.now() / 1000);
    return { result: 'applied', at, by, changes, faults: [] };
  }

  return {
    get last() {
      return last;
    },
    reload(by) {
      const at = new Date(clock.now()).toISOString();
      let outcome: ReloadResult;
      try {
        outcome = attempt(by, at);
        if (outcome.result === 'applied') log.info('configuration reloaded', { by, changes: outcome.changes });
        else log.debug('configuration unchanged', { by });
      } catch (error) {
        outcome = { result: 'refused', at, by, changes: [], faults: faultsOf(error) };
        const why = error instanceof ConfigError ? renderConfigError(error) : String(error);
        log.error(
          `configuration refused, the old one stays in force\n${why}`,
          error instanceof ConfigError ? { by } : { by, error },
        );
      }
      metrics.reloads.inc({ result: outcome.result });
      last = outcome;
      return outcome;
    },
  };
}

function faultsOf(error: unknown): readonly Fault[] {
  if (error instanceof ConfigError) return error.faults;
  return [{ file: '', line: 0, column: 0, path: '', message: error instanceof Error ? error.message : String(error) }];
}
