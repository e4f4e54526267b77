import express from 'express';
import { z } from 'zod';
import { cacheTermsOf } from '../cache-terms.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { holdSeries } from '../metrics/series.ts';
import type { CallTerms } from '../own/call-terms.ts';
import { noteClosing } from '../own/closings.ts';
import type { StageHooks } from '../own/define-stage.ts';
import { assertUntouched } from '../own/import-module.ts';
import { OwnInstance, OwnStageFault } from '../own/instance.ts';
import { runAs } from '../own/late-faults.ts';
import { NOT_RUN, runMiddleware } from '../own/middleware.ts';
import type { OptionsSchema } from '../own/options-of.ts';
import { setField } from '../own/own-context.ts';
import { type OwnDefinition, readHooks } from '../own/read-definition.ts';
import { StageCall } from '../own/stage-call.ts';
import type { Kind } from '../pool.ts';
import { defineStage, type RouteInfo, type Stage, type StageDeps } from '../stage.ts';
import { askForWhole } from '../transform/ask-for-whole.ts';
import { compileOptions } from '../validate/own-options.ts';

const INSTANCES: Kind<OwnInstance> = { name: 'ownStage', close: (instance) => instance.close() };
let made = 0;

/**
 * A stage of the pipeline that runs what a user has written (`use`). Its one key is its name: the options by its own
 * schema, `true` for those that it has by default, `false` where it is not wanted. `version` tells what its module is now.
 */
export function createOwnStage(definition: OwnDefinition, version: string): Stage {
  const { name, schema, description } = definition;
  const check = schema === undefined ? undefined : compileOptions(schema);
  const key = z
    .unknown()
    .meta({
      anyOf: [{ type: 'boolean' }, ...(schema === undefined ? [] : [schema])],
      ...(description && { description }),
    })
    .transform((value, context) => {
      if (value === undefined || value === false) return value;
      if (check === undefined) {
        if (value !== true) context.addIssue({ code: 'custom', message: `${name} takes no options: true or false` });
        return {};
      }
      const { value: options, faults } = check(value === true ? {} : value);
      for (const { path, message } of faults) context.addIssue({ code: 'custom', path: [...path], message });
      return options;
    })
    .optional();
  return defineStage({
    name,
    version,
    keys: { [name]: key },
    shadow: { needs: [name] },
    create(options, route, deps) {
      const own = (options as Readonly<Record<string, unknown>>)[name];
      if (!route.matched || own === undefined || own === false) return undefined;
      const hasCache = isCached(options);
      return createHandler({ ...definition, isBehindCache: definition.isBehindCache && hasCache }, own, route, deps);
    },
  }) as unknown as Stage;
}

/** Whether a route has a cache: what stands behind it says what it says too late. */
function isCached(options: object): boolean {
  const { cache = false } = options as { readonly cache?: unknown };
  return cache !== false;
}

/** What the service is told behind the cache is not in the name of the answer, so that it is not stored. */
function createToldLate(instance: OwnInstance): (context: RequestContext) => void {
  let isWarned = false;
  return function toldLate(context) {
    cacheTermsOf(context).isDisabled = true;
    if (isWarned) return;
    isWarned = true;
    instance
      .logOf(context.requestId)
      .warn('it stands behind "cache" and uses setServiceHeader: the answers of its requests are not stored');
  };
}

function createHandler(definition: OwnDefinition, options: unknown, route: RouteInfo, deps: StageDeps) {
  const { name, make, runsDry, isBehindCache } = definition;
  const { metrics, deadlines, log } = deps;
  holdSeries(metrics, 'stage', name, deps.lease);
  const instance = new OwnInstance({
    definition,
    route: route.name,
    log,
    duration: metrics.ownStageDuration.labels(name),
    countFailure: (reason) => metrics.ownStageFailures.labels(name, reason).inc(),
    onClosing: (closing) => noteClosing(deadlines, closing),
  });
  const toldLate = isBehindCache ? createToldLate(instance) : undefined;
  const terms: CallTerms = { instance, deadlines, prepareForBody, toldLate };
  if ('middleware' in make) {
    const all = { ...terms, middleware: make.middleware, methods: express.response };
    return named(name, (context, next) => runMiddleware(all, context, next));
  }
  const { prefix } = route;
  const about = { name: route.name, prefix, log: instance.logOf() };
  instance.hooks = createHooks(definition, route, () =>
    runAs(instance, () => make.create(structuredClone(options) as never, about)),
  );
  made += 1;
  deps.lease.use(INSTANCES, String(made), () => instance);
  return named(name, (context, next) => {
    if (!context.dryRun || runsDry) return new StageCall(terms, context, next).begin();
    context.trace?.push({ stage: name, decision: NOT_RUN });
    next();
  });
}

function createHooks(
  { name, seesCoded, isBehindCache }: OwnDefinition,
  route: RouteInfo,
  create: () => unknown,
): StageHooks {
  let hooks: StageHooks;
  try {
    hooks = readHooks(create());
    assertUntouched();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OwnStageFault(name, `on route ${route.name}: create() failed: ${why}`, cause);
  }
  if (seesCoded && (hooks.body !== undefined || hooks.wholeBody !== undefined))
    throw new OwnStageFault(name, 'it changes bodies, and stands before "compress", where they are coded already');
  if (isBehindCache && (hooks.cacheKey !== undefined || hooks.cacheDisabled !== undefined))
    throw new OwnStageFault(
      name,
      `on route ${route.name}: it stands behind "cache", where "cacheKey" and "cacheDisabled" come too late`,
    );
  return hooks;
}

type Handle = (context: RequestContext, next: (error?: unknown) => void) => void;

/** A handler of this name, so that it shows in stack traces. */
function named(name: string, handle: Handle): express.RequestHandler {
  const handler: express.RequestHandler = (req, _res, next) => handle(contextOf(req), next);
  Object.defineProperty(handler, 'name', { value: name });
  return handler;
}

/** A body that is changed comes whole and uncoded, or it could not be read. */
function prepareForBody({ req, upstreamHeaders }: RequestContext): void {
  askForWhole(upstreamHeaders);
  setField(upstreamHeaders, 'accept-encoding', 'identity');
  // Files of a folder are answered by what the client has asked.
  delete req.headers.range;
  delete req.headers['if-range'];
}

/** Refuses what the JSON Schema of the file could not hold, and what is no schema. */
export function findSchemaFault(schema: OptionsSchema | undefined): string | undefined {
  if (schema === undefined) return undefined;
  try {
    // Throws for one that leads back to itself.
    if (JSON.stringify(schema).includes('"$ref"'))
      return 'its schema has a "$ref": it stands alone, without references';
    compileOptions(schema);
    return undefined;
  } catch (error) {
    return `its schema is none: ${String((error as Error).message).split('\n', 1)[0]}`;
  }
}
