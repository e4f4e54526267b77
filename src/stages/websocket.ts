import { z } from 'zod';
import { corsField, explainOrigin, isOwnOrigin } from '../auth/foreign-page.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { createSubject } from '../limits/subject.ts';
import { duration, offOr, oneOrMany } from '../schema-values.ts';
import { defineStage } from '../stage.ts';

const options = z.strictObject({
  origins: oneOrMany(z.string())
    .optional()
    .describe(
      'Origins whose pages may open a WebSocket; "*" for any. Default: those that the `cors` of the route names, else CORS_ORIGINS. Pages of the own origin (scheme, host and port) always may.',
    ),
  idleTimeout: offOr(duration({ min: '100ms', max: '1d' }))
    .prefault('5m')
    .describe('Closes a WebSocket on which no byte moved for so long; "off" leaves it to TCP keep-alive. Default 5m.'),
  perConsumer: z
    .int()
    .min(1)
    .default(100)
    .describe('WebSockets that one consumer (else one address) may have open; 429 above. Default 100.'),
});

/** Retry-After of a refusal: when one will close is anybody's guess. */
const RETRY_AFTER_SECONDS = 5;

/**
 * Decides whether a request may become a WebSocket (RFC 6455): the route allows it, the page's origin may, and the
 * caller has not too many open. On a route without it, a request for an upgrade is served as a plain one.
 */
export const websocketStage = defineStage({
  name: 'websocket',
  keys: {
    websocket: z
      .union([z.boolean(), options])
      .default(false)
      .describe('Whether requests may become WebSockets. Default false.'),
  },
  create({ websocket: option }, _route, { settings, sockets }) {
    if (option === false) return undefined;
    const { origins, idleTimeout: idleMs, perConsumer } = option === true ? options.parse({}) : option;
    const named = new Set(origins ?? settings.corsOrigins);
    const isAllowed = origins === undefined ? isAllowedByCors : isNamed;
    const subjectOf = createSubject('consumer');

    return function websocket(req, _res, next) {
      const context = contextOf(req);
      if (context.upgrade === undefined) {
        next();
        return;
      }
      if (!isOriginAllowed(context, named, isAllowed)) {
        const detailForLog = `This page may not open a WebSocket here: ${explainOrigin(context)}.`;
        next(new GatewayError('origin_refused', undefined, { detailForLog }));
        return;
      }
      const subject = subjectOf(context);
      const places = sockets.places.of(subject);
      context.trace?.push({ stage: 'websocket', decision: `${places} of ${perConsumer} WebSockets open` });
      if (places >= perConsumer) {
        const detail = `Only ${perConsumer} ${perConsumer === 1 ? 'WebSocket' : 'WebSockets'} may be open at once; let one close.`;
        next(new GatewayError('too_many_concurrent', detail, { retryAfterSeconds: RETRY_AFTER_SECONDS }));
        return;
      }
      if (!context.dryRun) {
        sockets.places.add(subject);
        context.websocket = { idleMs, leave: () => sockets.places.remove(subject) };
      }
      next();
    };
  },
});

type OriginTest = (origin: string, named: ReadonlySet<string>, context: RequestContext) => boolean;

/** Browsers always send an Origin, and nothing else stops a foreign page (RFC 6455, section 10.2). */
function isOriginAllowed(context: RequestContext, named: ReadonlySet<string>, isAllowed: OriginTest): boolean {
  const { origin } = context.req.headers;
  return origin === undefined || isAllowed(origin, named, context) || isOwnOrigin(context, origin);
}

const isNamed: OriginTest = (origin, named) => named.has(origin) || named.has('*');

/**
 * As CORS has decided for this request. That all pages may read answers of a route does not let them open WebSockets,
 * which carry the cookies of their visitors; `CORS_ORIGINS=*` does.
 */
const isAllowedByCors: OriginTest = (origin, named, context) => {
  if (!context.ownsCors) return isNamed(origin, named, context);
  const allowed = corsField(context, 'access-control-allow-origin');
  return allowed === origin || (allowed === '*' && named.has('*'));
};
