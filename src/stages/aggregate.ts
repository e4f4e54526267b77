import type { RequestHandler } from 'express';
import { answerOwn } from '../answer/own.ts';
import { authKeys, findSignedScheme } from '../auth/auth-option.ts';
import { checkAggregates } from '../compose/check.ts';
import { explainParts } from '../compose/explain-parts.ts';
import { depthOf, takeBudget } from '../compose/family.ts';
import { Gathering } from '../compose/gathering.ts';
import { aggregateOption } from '../compose/options.ts';
import { partHeaders } from '../compose/part-headers.ts';
import { takeLimitFields } from '../compose/part-limits.ts';
import { compileParts, type PartPlan } from '../compose/plan.ts';
import { renderWhole } from '../compose/whole.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { matchKeys, normalForm } from '../routing/keys.ts';
import { defineStage, type StageDeps } from '../stage.ts';
import { shortenTimeouts } from '../upstream/forward/service-request.ts';
import { completeTimeouts, timeoutsKey } from '../upstream/service-options.ts';

const { prefix, exact, hosts, methods, headers, pathRegex } = matchKeys;

/** Aggregates below an aggregate, below an aggregate: a part may lead to another one so often. */
const MAX_DEPTH = 3;

/**
 * Answers with the answers of other routes of the gateway, as one object. Each part is a request of its own in process:
 * through the authentication, the limits and the breaker of its own route, with the client's credentials.
 */
export const aggregateStage = defineStage({
  name: 'aggregate',
  keys: { aggregate: aggregateOption.optional() },
  reads: { prefix, exact, hosts, methods, headers, pathRegex, auth: authKeys.auth, timeouts: timeoutsKey },

  check(_file, routes, report) {
    if (routes.every(({ aggregate }) => aggregate === undefined)) return;
    const checked = routes.map((route) => ({ ...route, signedBy: findSignedScheme(route.auth) }));
    checkAggregates(checked, normalForm, report);
  },

  create({ aggregate: options, timeouts }, _route, deps) {
    if (options === undefined) return undefined;
    return createHandler(compileParts(options), completeTimeouts(timeouts), deps);
  },
});

function createHandler(
  parts: readonly PartPlan[],
  timeouts: ReturnType<typeof completeTimeouts>,
  { inProcess, deadlines }: StageDeps,
): RequestHandler {
  return function aggregate(req, _res, next) {
    const context = contextOf(req);
    if (context.method !== 'GET' && context.method !== 'HEAD') {
      next(new GatewayError('method_not_allowed', undefined, { headers: ['allow', 'GET, HEAD'] }));
      return;
    }
    if (depthOf(context) >= MAX_DEPTH) {
      next(new GatewayError('part_failed', `Aggregates lead to each other, more than ${MAX_DEPTH} deep.`));
      return;
    }
    if (context.dryRun) {
      const asking = { parts, inProcess, headers: partHeaders(context), budget: takeBudget(context) };
      explainParts(context, asking).then(next, next);
      return;
    }
    for (const { name, target } of parts)
      context.trace?.push({ stage: 'aggregate', decision: `part ${name}: GET ${target.text}` });
    const startedAtMs = performance.now();
    const gathering = new Gathering(context, {
      parts,
      inProcess,
      deadlines,
      totalMs: shortenTimeouts(timeouts, context).total,
      budget: takeBudget(context),
      headers: partHeaders(context),
      onDone(gathered) {
        noteWait(context, startedAtMs);
        try {
          const { fields, body } = renderWhole(parts, gathered, gathered.isProven || isPersonal(context));
          answerOwn(context, 200, fields, body);
        } catch (error) {
          // Nobody is left to catch it, where the last part came in later.
          next(error);
        }
      },
      onFault(name, fault, call) {
        noteWait(context, startedAtMs);
        const error = fault.toError(name);
        takeLimitFields(context, error, call?.extraHeaders ?? []);
        next(error);
      },
    });
    context.abort = gathering;
    gathering.begin();
  };
}

/** What the parts took is theirs: each has a line that says how much of it was the gateway's. */
function noteWait(context: RequestContext, startedAtMs: number): void {
  context.upstreamMs = performance.now() - startedAtMs;
}

/** Whoever sends a credential, proven here or not, may be told what is for nobody else. */
function isPersonal({ authMethod, req: { headers } }: RequestContext): boolean {
  return authMethod !== undefined || headers.authorization !== undefined || headers.cookie !== undefined;
}
