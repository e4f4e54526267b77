import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import type { Hidden } from '../lib/hidden-values.ts';
import { finish, type Steps } from '../lib/steps.ts';
import type { Outside } from '../stage.ts';
import { ConfigError, type Fault } from './config-error.ts';
import { environment } from './env.ts';
import { findOutsideIssuer } from './env-jwt.ts';
import { mergeFiles } from './merge.ts';
import { gatherOwnStages } from './own-stages.ts';
import { parseSource } from './parse-source.ts';
import { type ReadFile, readRouteFiles } from './read-files.ts';
import type { FileOf, StageList } from './routes.ts';
import { createSecrets, hideInFault, type Secrets } from './secrets.ts';
import { faultAt, type LocatedObject, type Place, type ReportAt } from './source.ts';
import { type SeenFile, validateFile } from './validate.ts';

const MAX_FAULTS = 200;

/** A configuration that passed every check. */
export interface LoadedRoutes<Config> {
  readonly config: Config;
  /** The pipeline that it was checked by, and that runs it. */
  readonly stages: StageList;
  /** The files it came from: routes.json first, then those of routes.d. */
  readonly files: readonly string[];
  /** SHA-256 in hex over the files, the documents that they name, and the values of `${ENV:…}` and `${FILE:…}`. */
  readonly hash: string;
  /** The values of those: whatever displays a text of this configuration hides them. */
  readonly hidden: Hidden;
  /** Own stages by their files, each with the SHA-256 of what it is made of. */
  readonly own: ReadonlyMap<string, string>;
}

export interface LoadOptions {
  /** Where `${ENV:NAME}` is looked up. Default: the environment of the process. */
  readonly env?: NodeJS.ProcessEnv;
  /** What is read in place of the file and routes.d. */
  readonly read?: (file: string) => readonly ReadFile[];
  /** Gets what was read with its places, also where it is at fault; and what must be hidden of it. */
  readonly onSeen?: (seen: SeenFile, hidden: Hidden) => void;
  /** What alone may be named beside the files; undefined: anything. */
  readonly only?: Named | undefined;
}

/** What a configuration names outside of its files. */
export interface Named {
  readonly placeholders: ReadonlySet<string>;
  /** Own stages by their files, with their digests. */
  readonly own: ReadonlyMap<string, string>;
}

/**
 * Reads, merges and checks the routes file and routes.d; the list of stages alone decides what keys there are.
 * Throws a ConfigError that lists every fault at once.
 */
export function loadRoutesWith<const L extends StageList>(
  stages: L,
  file: string,
  options: LoadOptions = {},
): LoadedRoutes<FileOf<L>> {
  return finish(loadInSteps(stages, file, options));
}

/** The same step by step, for a gateway that has requests to serve meanwhile. All files are read in the first one. */
export function* loadInSteps<const L extends StageList>(
  stages: L,
  file: string,
  options: LoadOptions = {},
): Steps<LoadedRoutes<FileOf<L>>> {
  const env = options.env ?? environment();
  const secrets = createSecrets(env, options.only?.placeholders);
  const faults: Fault[] = [];
  const { report, withoutEchoes } = createCollector(faults);
  const { files, roots, hash } = yield* parseFiles((options.read ?? readRouteFiles)(file), secrets, report);
  const [main, ...fragments] = roots;
  const own =
    main === undefined
      ? undefined
      : yield* gatherOwnStages(stages, mergeFiles(main, fragments, report), report, options.only?.own);
  const config =
    own === undefined
      ? undefined
      : yield* validateFile(own.stages, own.merged, withoutEchoes(), outsideOf(file, env), (seen) =>
          options.onSeen?.(seen, secrets.hidden()),
        );
  if (own === undefined || config === undefined || faults.length > 0) throw new ConfigError(tidy(faults, secrets));
  return {
    config: config as FileOf<L>,
    stages: own.stages,
    files,
    hash: withDigests(hash, config, own.digests),
    hidden: secrets.hidden(),
    own: own.digests,
  };
}

function outsideOf(file: string, env: NodeJS.ProcessEnv): Outside {
  return {
    issuer: findOutsideIssuer(env),
    folder: dirname(resolve(file)),
    file: resolve(file),
    isProduction: env['NODE_ENV'] === 'production',
  };
}

/** The hash over the documents and own stages too that routes name, if any do. */
function withDigests(hash: string, { routes }: FileOf<StageList>, own: ReadonlyMap<string, string>): string {
  const documents = routes.flatMap((route) => [...(route.documents?.values() ?? [])].map(({ digest }) => digest));
  const digests = [...documents, ...own.values()];
  return digests.length === 0
    ? hash
    : createHash('sha256')
        .update([hash, ...digests].join('\n'))
        .digest('hex');
}

interface Collector {
  readonly report: ReportAt;
  /** From now on leaves out what is told of a value that is faulty already: a missing secret looks like an empty one. */
  readonly withoutEchoes: () => ReportAt;
}

/** Collects faults, each once: a default's fault is met by every route. Beyond a limit nobody reads on. */
function createCollector(faults: Fault[]): Collector {
  const told = new Set<string>();
  const places = new Set<string>();
  const report: ReportAt = (place, message, hint) => {
    const key = `${placeKey(place)} ${message}`;
    if (told.has(key) || told.size >= MAX_FAULTS) return;
    told.add(key);
    places.add(placeKey(place));
    faults.push(faultAt(place, message, hint));
  };
  return {
    report,
    withoutEchoes() {
      const before = new Set(places);
      return (place, message, hint) => {
        if (!before.has(placeKey(place))) report(place, message, hint);
      };
    },
  };
}

function placeKey({ source, offset }: Place): string {
  return `${source.name}:${offset}`;
}

interface ParsedFiles extends Pick<LoadedRoutes<unknown>, 'files' | 'hash'> {
  readonly roots: readonly LocatedObject[];
}

function* parseFiles(files: readonly ReadFile[], secrets: Secrets, report: ReportAt): Steps<ParsedFiles> {
  const hash = createHash('sha256');
  const roots: (LocatedObject | undefined)[] = [];
  for (const read of files) {
    hash.update(`${read.source.text}\n`);
    roots.push(yield* parseRoot(read, secrets, report));
  }
  for (const [placeholder, value] of secrets.resolved) hash.update(`${placeholder}=${value}\n`);
  const usable = roots.filter((root) => root !== undefined);
  // With a file missing, every name that it declares would be told as unknown: those faults would be an echo.
  const isComplete = usable.length === roots.length;
  return { files: files.map(({ path }) => path), roots: isComplete ? usable : [], hash: hash.digest('hex') };
}

function* parseRoot(
  { path, source, problem }: ReadFile,
  secrets: Secrets,
  report: ReportAt,
): Steps<LocatedObject | undefined> {
  if (problem !== undefined) {
    report({ source, offset: 0, pointer: '' }, problem.message, problem.hint);
    return undefined;
  }
  const root = yield* parseSource(source, report, secrets.resolver(dirname(path), report));
  if (root === undefined || root.kind === 'object') return root;
  report(root.place, 'expected an object: { "routes": [ … ] }');
  return undefined;
}

/** Sorted by place, and without any secret. */
function tidy(faults: readonly Fault[], secrets: Secrets): Fault[] {
  const files = [...new Set(faults.map(({ file }) => file))];
  const hidden = secrets.hidden();
  return faults
    .map((fault) => hideInFault(fault, hidden))
    .sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column);
}
