import { z } from 'zod';
import { contextOf, type RequestContext } from '../context.ts';
import { GatewayError, type ProblemEntry } from '../errors.ts';
import { Complaints } from '../lib/complaints.ts';
import { hasBody } from '../lib/has-body.ts';
import { finish, type Steps } from '../lib/steps.ts';
import { createPathRewriter, rewriteKeys } from '../routing/rewrite.ts';
import { size } from '../schema-values.ts';
import {
  type AttachedDocument,
  type DocumentsKey,
  defineStage,
  type Report,
  type RouteInfo,
  type StageDeps,
} from '../stage.ts';
import { summarize, tellShadowed } from '../validate/explain-refusal.ts';
import { type AnswerTerms, watchAnswer } from '../validate/openapi/answer-sink.ts';
import { type Api, type Asked, useApi } from '../validate/openapi/api.ts';
import { checkBody, checkParameters, concernsBody } from '../validate/openapi/check-request.ts';
import { refusalOf } from '../validate/request-rules.ts';
import { InvalidSchema } from '../validate/schema.ts';
import { documentName, reportFault } from '../validate/validate-option.ts';

const settings = {
  paths: z
    .enum(['service', 'public'])
    .default('service')
    .describe('Whose paths the document has: those that the service sees, or those that clients ask for.'),
  basePath: z
    .string()
    .regex(/^(?:\/[^?#]*[^/?#])?$/, { error: 'expected a path such as "/v1", without a slash at its end' })
    .optional()
    .describe('What comes before the paths of the document. Default: the path of one of its servers, or nothing.'),
  answers: z
    .enum(['shadow', 'enforce', 'off'])
    .default('shadow')
    .describe("What becomes of a service's wrong answer: it is told in log and metrics, or refused with 502."),
  maxAnswer: size({ max: '100mb' })
    .prefault('1mb')
    .describe(
      'Largest answer that is looked at; a larger one passes unchecked, or is refused where answers are enforced.',
    ),
  ignoreUncheckable: z
    .boolean()
    .default(false)
    .describe('Lets parameters pass unchecked whose style is not read here, in place of refusing the document.'),
};

const openapiOption = z
  .union([documentName, z.strictObject({ document: documentName, ...settings })], {
    error: 'expected the path of an OpenAPI document: "./specs/users.yaml"',
  })
  .transform((option) => (typeof option === 'string' ? { document: option, ...z.object(settings).parse({}) } : option));

type OpenapiOption = z.output<typeof openapiOption>;

/** Lets in what the OpenAPI document of a service describes: 404, 405, 415 or 400 `invalid_request` for anything else. */
export const openapiStage = defineStage({
  name: 'openapi',
  keys: {
    openapi: openapiOption
      .optional()
      .describe('OpenAPI document (3.0, 3.1) of the service: requests that it does not describe are refused.'),
  },
  reads: rewriteKeys,
  shadow: { needs: ['openapi'] },

  documentsOf: ({ openapi }) => (openapi === undefined ? [] : [{ path: ['openapi'], name: openapi.document }]),

  *check(_file, routes, report) {
    for (const [index, { openapi, documents }] of routes.entries()) {
      const document = documents?.get(openapi?.document ?? '');
      if (openapi === undefined || document === undefined) continue;
      yield* checkDocument(openapi, document, (path, ...fault) => report(['routes', index, ...path], ...fault));
    }
  },

  create(options, route, deps) {
    const { openapi } = options;
    const api = openapi === undefined ? undefined : findApi(openapi, options);
    if (openapi === undefined || api === undefined) return undefined;
    const find = createFinder(openapi, api, createPathRewriter(options));
    const complaints = new Complaints((message, fields) => void deps.log.warn(message, fields));
    const terms = openapi.answers === 'off' ? undefined : createAnswerTerms(openapi, api, route, deps, complaints);
    const settle = (context: RequestContext, { operation }: Asked, faults: readonly ProblemEntry[]) => {
      context.trace?.push({ stage: 'openapi', decision: `${operation.label}: ${summarize(faults)}` });
      if (route.isShadowed === true && !context.dryRun) tellShadowed(complaints, route.name, faults);
      return refusalOf(faults);
    };

    return function openapi(req, _res, next) {
      const context = contextOf(req);
      const asked = find(context);
      if (asked instanceof GatewayError) {
        next(asked);
        return;
      }
      if (terms !== undefined && !context.dryRun) watchAnswer(context, asked.operation, terms);
      const faults = checkParameters(api, asked, context);
      const isUndecided = context.dryRun && !hasBody(req) && concernsBody(asked, context);
      if (isUndecided) context.trace?.push({ stage: 'openapi', decision: 'looks at the body, which is not here' });
      if (isUndecided || !concernsBody(asked, context)) next(settle(context, asked, faults));
      else checkBody(api, asked, context).then((more) => next(settle(context, asked, [...faults, ...more])), next);
    };
  },
});

function* checkDocument(option: OpenapiOption, document: AttachedDocument, report: Report): Steps<void> {
  try {
    yield* useApi(document, apiOptions(option));
  } catch (error) {
    if (!(error instanceof InvalidSchema)) throw error;
    for (const fault of error.faults) reportFault(fault, ['openapi'], option.document, report);
  }
}

function apiOptions({ ignoreUncheckable, answers }: OpenapiOption) {
  return { ignoreUncheckable, withAnswers: answers !== 'off' };
}

/** It has been read when the file was checked. */
function findApi(option: OpenapiOption, { documents }: DocumentsKey): Api | undefined {
  const document = documents?.get(option.document);
  return document === undefined ? undefined : finish(useApi(document, apiOptions(option)));
}

type Find = (context: RequestContext) => Asked | GatewayError;

function createFinder(
  { paths, basePath }: OpenapiOption,
  api: Api,
  rewrite: ReturnType<typeof createPathRewriter>,
): Find {
  // A service may see its paths with what its servers have before them, or without: the target may have that.
  const bases = basePath === undefined ? [...new Set([...api.bases, ''])] : [basePath];
  const findAt = ({ prefixLength, params, method }: RequestContext, path: string): Asked | GatewayError => {
    const seen = paths === 'public' ? path : rewrite(path, prefixLength, params);
    for (const base of bases) {
      const found = findBelow(api, base, seen, method);
      if (found !== undefined) return 'operation' in found ? found : refuseMethod(found);
    }
    return undescribed();
  };
  return (context) => {
    const asked = findAt(context, context.path);
    if (context.rawPath === undefined || asked instanceof GatewayError) return asked;
    // The service gets the path as it came, and may read it either way: both must be one and the same.
    const sent = findAt(context, context.rawPath);
    return sent instanceof GatewayError || isSame(asked, sent) ? sent : undescribed();
  };
}

function isSame(one: Asked, other: Asked): boolean {
  return (
    one.operation === other.operation && [...one.params].every(([name, value]) => other.params.get(name) === value)
  );
}

function undescribed(): GatewayError {
  return new GatewayError('not_found', 'The service does not describe this path.');
}

function findBelow(api: Api, base: string, path: string, method: string): ReturnType<Api['find']> {
  const rest = path.startsWith(base) ? path.slice(base.length) : undefined;
  if (rest === undefined || (rest !== '' && !rest.startsWith('/'))) return undefined;
  return api.find(rest === '' ? '/' : rest, method);
}

function refuseMethod(known: ReadonlySet<string>): GatewayError {
  const allow = new Set(known);
  if (allow.has('GET')) allow.add('HEAD');
  const detail = 'The service does not describe this method of the path.';
  return new GatewayError('method_not_allowed', detail, { headers: ['Allow', [...allow].join(', ')] });
}

function createAnswerTerms(
  option: OpenapiOption,
  api: Api,
  route: RouteInfo,
  { metrics }: StageDeps,
  complaints: Complaints,
): AnswerTerms {
  const isEnforced = option.answers === 'enforce' && route.isShadowed !== true;
  return {
    api,
    maxBytes: option.maxAnswer,
    isEnforced,
    complain(context, { label }, fault) {
      complaints.say(`route ${route.name}: an answer to ${label} is not as ${option.document} describes it`, fault);
      if (isEnforced) return;
      const refusal = 'openapi:invalid_answer';
      context.shadow = context.shadow === undefined ? refusal : `${context.shadow} ${refusal}`;
      metrics.shadowRefusals.labels(route.name, 'openapi', 'invalid_answer').inc();
    },
  };
}
