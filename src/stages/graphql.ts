import { contextOf, type RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { hasBody } from '../lib/has-body.ts';
import { defineStage, type RouteInfo, type StageDeps } from '../stage.ts';
import { GraphqlGuard, sumOfCosts } from '../validate/graphql/guard.ts';
import { checkPost, type GuardedRequest, guardBody, guardUrl, readUpload } from '../validate/graphql/guard-request.ts';
import { namesOf, readListedQueries } from '../validate/graphql/listed-queries.ts';
import { graphqlKeys } from '../validate/graphql/options.ts';
import { holdsMessage } from '../validate/graphql/read-url.ts';

/**
 * Looks at each operation of GraphQL before a service does, and refuses what is too deep, too wide or too dear: 400
 * `query_refused`. The service is told what was looked at, written anew.
 */
export const graphqlStage = defineStage({
  name: 'graphql',
  keys: graphqlKeys,
  shadow: { needs: ['graphql'] },

  check(_file, routes, report) {
    routes.forEach(({ graphql }, index) => {
      if (graphql === undefined) return;
      const at = ['routes', index, 'graphql'] as const;
      readListedQueries(graphql.queries ?? {}, (id, { message }) =>
        report([...at, 'queries'], `the query "${id}" could never run: ${message}`, 'mend it, or leave it out'),
      );
      if (graphql.onlyListed && graphql.queries === undefined)
        report([...at, 'onlyListed'], 'no query would ever pass', 'name those that do in "queries"');
    });
  },

  create({ graphql: options }, route, deps) {
    if (options === undefined) return undefined;
    const guard = new GraphqlGuard(options);
    const count = createCount(guard, route, deps);

    const settle = (context: RequestContext, { judged, rewrite }: GuardedRequest): void => {
      const cost = sumOfCosts(judged);
      context.queryCost = cost;
      const decision = `${context.operation || judged[0]?.type} costs ${cost} of ${options.maxCost}`;
      context.trace?.push({ stage: 'graphql', decision });
      if (context.dryRun) return;
      count(judged);
      // What is only tried out changes nothing.
      if (route.isShadowed !== true) rewrite();
    };

    /** A body that can't be read is nothing to try out: whoever waits for this is told of it as of a rejection. */
    const guardPost = async (context: RequestContext, next: Next): Promise<void> => {
      if (context.dryRun && !hasBody(context.req)) {
        context.trace?.push({ stage: 'graphql', decision: 'looks at the body, which is not here' });
        return next();
      }
      const refusal = refusalBy(() => checkPost(context));
      if (refusal !== undefined) return next(refusal);
      await readUpload(context);
      const guarded = await guardBody(guard, context, options.maxBatch).catch((error: unknown) => ({ error }));
      if ('error' in guarded) next(guarded.error);
      else attempt(next, () => settle(context, guarded));
    };

    return function graphql(req, _res, next) {
      const context = contextOf(req);
      const { method } = context;
      if (context.websocket !== undefined) return next(socketRefusal(context, options.subscriptions));
      if (method === 'POST') return guardPost(context, next);
      if (method === 'GET' || method === 'HEAD') return attempt(next, () => settle(context, guardUrl(guard, context)));
      return next(otherMethod(context));
    };
  },
});

type Next = (error?: unknown) => void;

/** Counts what passes, by the names of the route's list: any other name is a client's to choose. */
function createCount(
  { listed }: GraphqlGuard,
  { name: route }: RouteInfo,
  { metrics }: StageDeps,
): (judged: GuardedRequest['judged']) => void {
  const names = namesOf(listed);
  const counters = new Map<string, { inc(): void }>();
  return (judged) => {
    for (const one of judged) {
      const name = one.listed !== undefined && one.name !== undefined && names.has(one.name) ? one.name : 'other';
      const key = `${one.type} ${name}`;
      let counter = counters.get(key);
      if (counter === undefined) {
        counter = metrics.graphqlOperations.labels(route, name, one.type);
        counters.set(key, counter);
      }
      counter.inc();
    }
  };
}

/** A service that takes no WebSocket would answer the handshake as the GET that it is, query and all. */
function socketRefusal({ query }: RequestContext, subscriptions: 'refused' | 'unguarded'): GatewayError | undefined {
  if (subscriptions === 'unguarded') {
    return holdsMessage(query) ? new GatewayError('query_refused', 'A handshake has a query in its URL.') : undefined;
  }
  const detail =
    'Operations over a WebSocket can not be looked at; send them by POST, or subscribe by server-sent events.';
  return new GatewayError('query_refused', detail);
}

/** Pages ask by OPTIONS first: where CORS is the service's, it answers that itself. */
function otherMethod({ method, req }: RequestContext): GatewayError | undefined {
  if (method === 'OPTIONS' && !hasBody(req)) return undefined;
  return new GatewayError('method_not_allowed', 'GraphQL is asked by GET or POST.', {
    headers: ['Allow', 'GET, HEAD, POST'],
  });
}

function refusalBy(check: () => void): unknown {
  try {
    check();
    return undefined;
  } catch (error) {
    return error;
  }
}

function attempt(next: Next, act: () => void): void {
  next(refusalBy(act));
}
