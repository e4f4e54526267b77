import corsPackage, { type CorsOptions } from 'cors';
import { z } from 'zod';
import { mergeVary } from '../answer/head.ts';
import { recordHeaders } from '../answer/header-recorder.ts';
import { contextOf, type RequestContext } from '../context.ts';
import type { FindingId } from '../findings.ts';
import { suggestOrigin } from '../lib/origin.ts';
import { oneOrMany } from '../schema-values.ts';
import { defineStage } from '../stage.ts';

const DAY_SECONDS = 24 * 60 * 60;
const EXPOSED = [
  'X-Request-Id',
  'RateLimit',
  'RateLimit-Policy',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'Retry-After',
  'Idempotency-Replayed',
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

const origin = z.string().regex(/^(\*|[a-z][a-z0-9+.-]*:\/\/[^\s/,*]+)$/, {
  error: ({ input }) => {
    const meant = suggestOrigin(String(input));
    const form = 'expected an origin such as "https://app.example.com" without a path, or "*"';
    return meant === undefined ? form : `${form}: did you mean "${meant}"?`;
  },
});

const corsOptions = z.strictObject({
  origins: oneOrMany(origin).optional().describe('Origins that may read answers; default: CORS_ORIGINS.'),
  credentials: z.boolean().default(false).describe('Whether cookies may be sent; not possible together with "*".'),
  methods: z
    .array(z.string().regex(/^[A-Z][A-Z0-9-]*$/, { error: 'methods are in capitals, "PROPFIND" for one' }))
    .min(1)
    .default(METHODS)
    .describe('Methods that pages may use.'),
  exposedHeaders: z
    .array(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'must be the name of a header field' }))
    .default([])
    .describe("Response fields that scripts may read, beside the gateway's own."),
  maxAgeSeconds: z
    .int()
    .min(0)
    .max(DAY_SECONDS)
    .default(DAY_SECONDS)
    .describe('How long a browser may remember a preflight.'),
});

type CorsRoute = z.output<typeof corsOptions>;

/**
 * CORS (the Fetch standard, section 3.2) is the gateway's: decided before anything can refuse, so that the fields
 * stand on a 401 too. A preflight is ended by the `preflight` stage, after it has an ID and a log line.
 */
export const corsStage = defineStage({
  name: 'cors',
  keys: {
    cors: z
      .union([z.literal(false), corsOptions])
      .optional()
      .describe(
        'Who may call from a browser. `false` leaves CORS to the service and lets its own Access-Control-* pass.',
      ),
  },
  check(_file, routes, report) {
    routes.forEach(({ cors }, index) => {
      if (cors !== false && cors?.credentials === true && cors.origins?.includes('*') === true) {
        report(['routes', index, 'cors', 'credentials'], '"*" can\'t be combined with credentials', 'name the origins');
      }
    });
  },
  // Most routes have the same CORS: the package then runs once for all of them.
  prepare: () => new Map<string, Answers>(),
  create({ cors: option }, route, { settings, log }, known) {
    if (option === false) return undefined;
    const { origins = settings.corsOrigins, ...rest } = { ...corsOptions.parse({}), ...option };
    const anyOrigin = origins.includes('*');
    const key = JSON.stringify([origins, rest]);
    if (rest.credentials && origins.length === 0 && !known.has(key)) {
      const finding: FindingId = 'cors-for-nobody';
      const message = `cors.credentials of route "${route.name}" lets nobody in: name origins there, or set CORS_ORIGINS`;
      log.warn(message, { finding, routes: [route.name] });
    }
    const answers = known.get(key) ?? new Map(origins.map((one) => [one, answersFor(one, anyOrigin, rest)] as const));
    known.set(key, answers);
    const vary = anyOrigin || origins.length === 0 ? '' : 'Origin';

    return function cors(req, _res, next) {
      const context = contextOf(req);
      const asked = req.headers.origin;
      context.ownsCors = true;
      context.corsVary = vary;
      if (asked !== undefined) answer(context, asked, answers.get(anyOrigin ? '*' : asked));
      next();
    };
  },
});

/** What the package said about one allowed origin, and the options to ask it again. */
interface Answer {
  readonly options: CorsOptions;
  readonly fields: readonly string[];
}

/** By origin. */
type Answers = ReadonlyMap<string, Answer>;

function answer(context: RequestContext, asked: string, allowed: Answer | undefined): void {
  const { req } = context;
  context.trace?.push({ stage: 'cors', decision: `origin ${asked} ${allowed === undefined ? 'not ' : ''}allowed` });
  if (allowed === undefined) return;
  if (!isPreflight(req)) {
    context.corsHeaders = allowed.fields;
    return;
  }
  context.corsHeaders = preflightFields(asked, req.headers, allowed.options);
  context.corsVary = mergeVary('Access-Control-Request-Headers', context.corsVary);
}

/** A preflight asks on behalf of another method (Fetch standard, CORS-preflight fetch). */
export function isPreflight(req: { method?: string | undefined; headers: NodeJS.Dict<string | string[]> }): boolean {
  return (
    req.method === 'OPTIONS' &&
    req.headers['origin'] !== undefined &&
    req.headers['access-control-request-method'] !== undefined
  );
}

function answersFor(one: string, anyOrigin: boolean, rest: Omit<CorsRoute, 'origins'>): Answer {
  const options: CorsOptions = {
    origin: anyOrigin ? '*' : one,
    credentials: rest.credentials,
    methods: [...rest.methods],
    exposedHeaders: [...EXPOSED, ...rest.exposedHeaders],
    maxAge: rest.maxAgeSeconds,
    preflightContinue: true,
  };
  return { options, fields: withoutVary(recordHeaders(corsPackage(options), { headers: { origin: one } })) };
}

/** Rare and different each time, so the package runs for every preflight. */
function preflightFields(asked: string, headers: NodeJS.Dict<string | string[]>, options: CorsOptions): string[] {
  const requested = headers['access-control-request-headers'];
  return withoutVary(
    recordHeaders(corsPackage(options), {
      method: 'OPTIONS',
      headers: {
        origin: asked,
        ...(typeof requested === 'string' && { 'access-control-request-headers': requested }),
      },
    }),
  );
}

/** `Vary` is merged by the writer of the head, with the service's. */
function withoutVary(fields: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== 'vary') kept.push(fields[i] as string, fields[i + 1] as string);
  }
  return kept;
}
