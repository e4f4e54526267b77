import type { RequestHandler } from 'express';
import type { z } from 'zod';
import type { Deps, InProcess } from './deps.ts';
import type { Steps } from './lib/steps.ts';
import type { Lease } from './pool.ts';

/** What a stage is told about the route that it is created for. */
export interface RouteInfo {
  /** As it is displayed. Unique; from `name`, or else made from methods and prefix. */
  readonly name: string;
  /** The first prefix of the route as written, `/api/users/:id` for one. */
  readonly prefix: string;
  /** False for the implicit route that refuses what no route matches. */
  readonly matched: boolean;
  /** True when the route answers only to a proven caller. */
  readonly isProtected: boolean;
  /** Lower-case names of the fields that carry a credential here and stop at the gateway. */
  readonly credentialHeaders: readonly string[];
  /** What carries a credential here, sent on or not: lower-case names of fields, and names of cookies. */
  readonly credentialPlaces?: { readonly fields: readonly string[]; readonly cookies: readonly string[] };
  /** Name of the query parameter that may carry a credential here. */
  readonly credentialParameter?: string | undefined;
  /** True where a path of this route holds a secret of the file, so that no path is displayed as it is. */
  readonly hasSecretPath?: boolean;
  /** True where the queries of URLs are displayed nowhere. */
  readonly hidesQuery?: boolean;
  /** Which of the gateway's own routes this is; undefined for those of the file. */
  readonly own?: 'me' | 'keys' | 'resource' | 'jwks' | undefined;
  /** Of each own stage on it, which code it runs: an answer that went through another version of it is another answer. */
  readonly ownVersions?: readonly string[];
  /** True where the stage that is created may only report what it would have refused. */
  readonly isShadowed?: boolean | undefined;
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
  /**
   * Does this once the snapshot is in force, and never where it is given up: a snapshot is compiled while requests of
   * the one before it are served, and nothing of theirs may change before.
   */
  whenInForce(act: () => void): void;
}

/** The issuer of tokens that the environment sets; its name is undefined where it has none. */
export interface OutsideIssuer {
  readonly name: string | undefined;
}

/** What the file is checked against although it is set outside of it. */
export interface Outside {
  readonly issuer: OutsideIssuer | undefined;
  /** The folder of routes.json, in full. */
  readonly folder: string;
  /** routes.json itself, in full. */
  readonly file: string;
  /** True where NODE_ENV says `production`. */
  readonly isProduction: boolean;
}

/** Says that something in the file is wrong: where, what, and how to mend it. */
export type Report = (path: readonly (string | number)[], message: string, hint?: string) => void;

// A key that a stage owns is optional in the file, so `z.output` of the shape is what `create` is given.
type Options<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;

/** What a stage that may be shadowed needs: every route may have `shadow`, with the names of such stages. */
export interface Shadowing<Key extends string = string> {
  /** The route must have one of these keys, or there would be nothing to report. Empty: any route will do. */
  readonly needs: readonly Key[];
  /** Shadowing lets in whom this key keeps out: the route must write it itself, so that whoever reads it can see that. */
  readonly opens?: Key;
}

/** Names of the stages that only report what they would have refused; a key of every route. */
export type ShadowKey = { readonly shadow?: readonly string[] | undefined };

/** A file beside routes.json that a route names: a schema, or what describes a service. */
export interface AttachedDocument {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
  /** The texts of the files that it refers to by `$ref`, and of those that they refer to, by absolute path. */
  readonly beside: ReadonlyMap<string, string>;
  /** SHA-256 in hex, over all of them. */
  readonly digest: string;
}

/** The documents that a route names, by their names as written; a key of every route that has some. */
export type DocumentsKey = { readonly documents?: ReadonlyMap<string, AttachedDocument> | undefined };

/** The folder of the file in which a route names a folder; a key of every route that names one. */
export type FolderKey = { readonly folder?: string | undefined };

/** Where a route names a document. */
export interface DocumentName {
  /** From the route: `['validate', 'body']`. */
  readonly path: readonly string[];
  readonly name: string;
}

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
  Reads extends z.ZodRawShape = z.ZodRawShape,
  FileReads extends z.ZodRawShape = z.ZodRawShape,
> {
  /** Also the name of the handler, so that it shows in stack traces. */
  readonly name: string;
  /** Keys of a route (and of `defaults`). */
  readonly keys: Keys;
  /** Keys of the whole file, beside `routes`. */
  readonly fileKeys: FileKeys;
  /** Keys of a route that belong to other stages and are looked at here too; their owners' very schemas. */
  readonly reads: Reads;
  /** The same of the whole file. */
  readonly fileReads: FileReads;
  /** Of an own stage: a digest of its module. */
  readonly version?: string | undefined;
  /** Present where a route's `shadow` may name the stage. */
  readonly shadow?: Shadowing | undefined;
  /** The documents that a route names; they are read when the file is, watched with it, and given in `documents`. */
  documentsOf?(options: Options<Keys>): readonly DocumentName[];
  /** Where a route names a folder, `['files']` for one: what that is relative to is given in `folder`. */
  folderAt?(options: Options<Keys>): readonly string[] | undefined;
  /**
   * Checks what a schema alone can't: names that must exist, options that contradict. What takes long is done in steps,
   * between which requests are served.
   */
  check?(
    file: Options<FileKeys & FileReads>,
    routes: readonly (Options<Keys & Reads> & ShadowKey & DocumentsKey & FolderKey)[],
    report: Report,
    outside?: Outside,
  ): Steps<void> | void;
  prepare(file: Options<FileKeys & FileReads>, deps: StageDeps): Steps<Shared>;
  create(
    options: Options<Keys & Reads> & DocumentsKey & FolderKey,
    route: RouteInfo,
    deps: StageDeps,
    shared: Shared,
  ): RequestHandler | undefined;
}

type Nothing = Record<never, never>;

/** Types a stage from its own keys. A stage without keys, file keys or preparation leaves them out. */
export function defineStage<
  const Keys extends z.ZodRawShape = Nothing,
  const FileKeys extends z.ZodRawShape = Nothing,
  Shared = undefined,
  const Reads extends z.ZodRawShape = Nothing,
  const FileReads extends z.ZodRawShape = Nothing,
>(
  stage: Pick<
    Stage<Keys, FileKeys, Shared, Reads, FileReads>,
    'name' | 'version' | 'create' | 'check' | 'documentsOf' | 'folderAt'
  > & {
    readonly keys?: Keys;
    readonly fileKeys?: FileKeys;
    readonly reads?: Reads;
    readonly fileReads?: FileReads;
    readonly shadow?: Shadowing<keyof Keys & string>;
    readonly prepare?: (file: Options<FileKeys & FileReads>, deps: StageDeps) => Shared;
    /** In its place where the file may have many of something: requests are served between the steps. */
    readonly prepareInSteps?: (file: Options<FileKeys & FileReads>, deps: StageDeps) => Steps<Shared>;
  },
): Stage<Keys, FileKeys, Shared, Reads, FileReads> {
  return {
    keys: {} as Keys,
    fileKeys: {} as FileKeys,
    reads: {} as Reads,
    fileReads: {} as FileReads,
    ...stage,
    *prepare(file, deps) {
      if (stage.prepareInSteps !== undefined) return yield* stage.prepareInSteps(file, deps);
      return stage.prepare?.(file, deps) as Shared;
    },
  };
}
