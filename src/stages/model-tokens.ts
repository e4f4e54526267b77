import { bodyOf } from '../body/body-of.ts';
import { jsonBodyOf, plainBodyOf, replaceBody } from '../body/json-body.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { isObject } from '../lib/json-object.ts';
import { isJsonType } from '../lib/media-type.ts';
import { type Bans, bansFileKeys, createBans } from '../limits/bans.ts';
import { checkTokens } from '../limits/check-tokens.ts';
import { createLimits } from '../limits/create-limits.ts';
import { type Limits, limitsKind } from '../limits/limits.ts';
import type { LimitsFile } from '../limits/route-windows.ts';
import { limitsFileKeys, limitsRouteKeys } from '../limits/schema.ts';
import { createTokenLimits, type TokenLimits } from '../limits/token-limits.ts';
import { type Ask, editAsk, readAsk } from '../models/ask.ts';
import { type Demand, demandOf, maxOutputOf } from '../models/demand.ts';
import { refuseAmbiguous, refuseBackground } from '../models/guard.ts';
import { askForPlain, createTokenMetrics, MeteredCall } from '../models/meter.ts';
import { apiOf, type ModelsOptions, modelsOption } from '../models/options.ts';
import { defineStage, type RouteInfo, type StageDeps } from '../stage.ts';

interface Shared {
  readonly file: LimitsFile;
  readonly limits: Limits;
  readonly bans: Bans | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Counts the tokens of language models: reserves what a call may use before it is sent, 429 `rate_limited` or
 * `quota_exceeded` where that is not left, and settles what it has used when its answer tells.
 */
export const modelTokensStage = defineStage({
  name: 'modelTokens',
  keys: { models: modelsOption.optional() },
  reads: limitsRouteKeys,
  fileReads: { ...limitsFileKeys, ...bansFileKeys },
  shadow: { needs: ['models'] },
  check: (file, routes, report) => checkTokens(file, routes, report),

  prepare(file, deps): Shared {
    const limits = deps.lease.use(limitsKind, '', () => createLimits(deps));
    return { file, limits, bans: createBans(file, deps) };
  },

  create({ models, rateLimits = [], onStoreError = 'local' }, route, deps, { file, limits, bans }) {
    if (!route.matched || (models === undefined && !rateLimits.some(({ cost }) => cost === 'tokens'))) return undefined;
    const options = models ?? modelsOption.parse({});
    const tokenLimits = createTokenLimits({ file, rateLimits, onStoreError, limits, bans }, route, deps);
    const begin = createBegin(options, tokenLimits, route, deps);

    return function modelTokens(req, _res, next) {
      const context = contextOf(req);
      // Whoever only looks something up uses no tokens.
      if (context.method !== 'POST' || context.websocket !== undefined) return next();
      begin(context).then(() => next(), next);
    };
  },
});

/** What is done with a call before it is sent; rejects with what refuses it. */
function createBegin(options: ModelsOptions, limits: TokenLimits, route: RouteInfo, deps: StageDeps) {
  const observe = createTokenMetrics(route.name, options.names, deps);
  const isShadowed = route.isShadowed === true;

  return async function begin(context: RequestContext): Promise<void> {
    const body = await bodyFor(context, options);
    const ask = body === undefined ? UNKNOWN : readAsk(body, options.api ?? apiOf(context.path), options);
    if (context.dryRun) return explain(context, body, ask);
    askForPlain(context);
    const call = new MeteredCall(context, ask, ask.lacksUsage && !isShadowed, (count, ...rest) => {
      limits.report(context, count);
      observe(ask, count, ...rest);
    });
    const held = await reserve(context, body, ask);
    if (held !== undefined) call.hold(held);
    if (body !== undefined && !isShadowed) edit(context, body, ask, held?.reserved);
  };

  async function explain(context: RequestContext, body: Json | undefined, ask: Ask): Promise<void> {
    if (body !== undefined) await reserve(context, body, ask);
    else context.trace?.push({ stage: 'modelTokens', decision: 'looks at the body, which is not here' });
  }

  async function reserve(context: RequestContext, body: Json | undefined, ask: Ask) {
    const limit = limits.limitOf(context);
    if (limit === undefined) return undefined;
    if (body !== undefined && !options.allowBackground) refuseBackground(body, ask.api);
    if (body !== undefined && isCapped(ask)) refuseAmbiguous(body, (await plainBodyOf(context)).toString());
    return limits.reserve(context, wantedOf(ask, limit, options));
  }

  function isCapped({ api }: Ask): boolean {
    return options.capMaxTokens && api !== undefined && api !== 'embeddings';
  }

  function edit(context: RequestContext, body: Json, ask: Ask, reserved: number | undefined): void {
    const maxOutput = isCapped(ask) && reserved !== undefined ? maxOutputOf(ask, reserved) : undefined;
    const edited = editAsk(body, ask, { maxOutput, asksUsage: ask.lacksUsage }, options);
    if (edited !== undefined) replaceBody(context, Buffer.from(JSON.stringify(edited)));
  }
}

function wantedOf(ask: Ask, limit: number, options: ModelsOptions): Demand {
  const { input, choices, maxOutput } = ask;
  if (input > limit) {
    const detail = `The body is about ${input} tokens: a limit of ${limit} never lets it pass.`;
    throw new GatewayError('body_too_large', detail);
  }
  if (maxOutput === 0 || input + choices <= limit) return demandOf(ask, limit, options);
  const detail = `The call asks for ${choices} answers: a limit of ${limit} tokens never lets them pass.`;
  throw new GatewayError('invalid_request', detail);
}

/** What is no JSON says nothing of tokens: an upload, say. Its answer may. */
const UNKNOWN: Ask = {
  api: undefined,
  model: undefined,
  input: 1,
  choices: 1,
  maxOutput: undefined,
  lacksUsage: false,
};

/** The body of a call; undefined for an upload to a path that is none of a model's. */
async function bodyFor(context: RequestContext, { api }: ModelsOptions): Promise<Json | undefined> {
  const isCall = (api ?? apiOf(context.path)) !== undefined;
  // Some services read JSON whatever the Content-Type says: where a model is called, so does the gateway.
  if (bodyOf(context) === undefined || (!isCall && !isJsonType(context.req.headers['content-type']))) return undefined;
  const body = await jsonBodyOf(context);
  if (isObject(body)) return body;
  if (isCall) throw new GatewayError('bad_body', 'The body is no JSON object.');
  return undefined;
}
