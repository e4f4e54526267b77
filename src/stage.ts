import type { RequestHandler } from 'express';
import type { z } from 'zod';
import type { Deps, InProcess } from './deps.ts';
import type { Lease } from './pool.ts';

/** What a stage is told about the route that it is created for. */
export interface RouteInfo {
  /** Unique; from `name`, or else made from methods and prefix. */
  readonly name: string;
  /** The first prefix of the route as written, `/api/users/:id` for one. */
  readonly prefix: string;
  /** False for the implicit route that refuses what no route matches. */
  readonly matched: boolean;
  /** True when the route answers only to a proven caller. */
  readonly isProtected: boolean;
  /** Lower-case names of the fields that carry a credential here and stop at the gateway. */
  readonly credentialHeaders: readonly string[];
  /** Name of the query parameter that may carry a credential here. */
  readonly credentialParameter?: string | undefined;
  /** Which of the gateway's own routes this is; undefined for those of the file. */
  readonly own?: 'me' | undefined;
}

/** What a snapshot is compiled with. */
export interface SnapshotDeps extends Deps {
  /** Sends a request through its route without a connection. */
  readonly inProcess: InProcess;
}

/** What a stage may use while a snapshot is compiled. */
export interface StageDeps extends SnapshotDeps {
  /** Takes from the pool what must outlive this snapshot. */
  readonly lease: Lease;
}

/** Says that something in the file is wrong: where, what, and how to mend it. */
export type Report = (path: readonly (string | number)[], message: string, hint?: string) => void;

// A key that a stage owns is optional in the file, so `z.output` of the shape is what `create` is given.
type Options<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;

/**
 * One step of the pipeline: the keys it owns in routes.json, and the handler made from them.
 *
 * All work that depends on configuration happens in `prepare` (once per snapshot) and `create` (once per route);
 * the handler touches only the request. `create` returns `undefined` when the stage has nothing to do on a route.
 */
export interface Stage<
  Keys extends z.ZodRawShape = z.ZodRawShape,
  FileKeys extends z.ZodRawShape = z.ZodRawShape,
  Shared = unknown,
> {
  /** Also the name of the handler, so that it shows in stack traces. */
  readonly name: string;
  /** Keys of a route (and of `defaults`). */
  readonly keys: Keys;
  /** Keys of the whole file, beside `routes`. */
  readonly fileKeys: FileKeys;
  /** Checks what a schema alone can't: names that must exist, options that contradict. */
  check?(file: Options<FileKeys>, routes: readonly Options<Keys>[], report: Report): void;
  prepare(file: Options<FileKeys>, deps: StageDeps): Shared;
  create(options: Options<Keys>, route: RouteInfo, deps: StageDeps, shared: Shared): RequestHandler | undefined;
}

/** Types a stage from its own keys. A stage without keys, file keys or preparation leaves them out. */
export function defineStage<
  const Keys extends z.ZodRawShape = Record<never, never>,
  const FileKeys extends z.ZodRawShape = Record<never, never>,
  Shared = undefined,
>(
  stage: Pick<Stage<Keys, FileKeys, Shared>, 'name' | 'create' | 'check'> & {
    readonly keys?: Keys;
    readonly fileKeys?: FileKeys;
    readonly prepare?: (file: Options<FileKeys>, deps: StageDeps) => Shared;
  },
): Stage<Keys, FileKeys, Shared> {
  return {
    keys: {} as Keys,
    fileKeys: {} as FileKeys,
    prepare: () => undefined as Shared,
    ...stage,
  };
}
