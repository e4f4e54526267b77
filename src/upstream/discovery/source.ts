import type { TargetSpec } from '../target.ts';

/** `stale`: the last good answer, since discovery does not answer now. `empty`: nothing to send to. */
export type SourceState = 'ok' | 'stale' | 'empty';

/** Where a service's targets come from: the file, Consul or DNS. */
export interface TargetSource {
  readonly specs: readonly TargetSpec[];
  readonly state: SourceState;
  /** Settles when the first answer has come, or failed to; never rejects. */
  readonly ready: Promise<void>;
  /** Calls back on each change of `specs`, not with the present ones, until the function returned is called. */
  subscribe(listener: (specs: readonly TargetSpec[]) => void): () => void;
  /** Stops asking; nothing is called back after it. */
  close(): void;
}

/** Targets that the file names: they never change until the file does. */
export function createStaticTargets(specs: readonly TargetSpec[]): TargetSource {
  return {
    specs,
    state: specs.length === 0 ? 'empty' : 'ok',
    ready: Promise.resolve(),
    subscribe: () => () => {},
    close() {},
  };
}
