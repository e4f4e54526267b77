import type { ErrorPage, ErrorPages, RequestContext } from '../context.ts';
import type { GatewayError } from '../errors.ts';
import { qualityValues } from '../lib/quality-values.ts';
import { type BodiesOption, type BodyOption, contentTypeOf, escapeFor, isHtml } from './error-options.ts';
import { asItIs, compileTemplate, compileTree, type ErrorWords } from './error-template.ts';

/** What is to be run in a page of the gateway's is nothing; it may look as it likes. */
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

interface CompiledBody {
  readonly isHtml: boolean;
  readonly fields: ErrorPage['fields'];
  render(words: ErrorWords): string;
}

function compileBody(option: BodyOption): CompiledBody {
  const contentType = contentTypeOf(option);
  const isPage = isHtml(contentType);
  const render =
    typeof option.body === 'string'
      ? compileTemplate(option.body, escapeFor(contentType) ?? asItIs)
      : compileTree(option.body);
  const fields = { 'content-type': contentType, ...(isPage && { 'content-security-policy': PAGE_POLICY }) };
  return { isHtml: isPage, fields, render };
}

/** The bodies of a route before those of the file; of each, by code, by status, by the kind of status. */
export function createErrorPages(...levels: readonly (BodiesOption | undefined)[]): ErrorPages | undefined {
  const compiled = levels.flatMap((bodies) =>
    bodies === undefined
      ? []
      : [new Map(Object.entries(bodies).map(([key, options]) => [key, [options].flat().map(compileBody)]))],
  );
  if (compiled.length === 0) return undefined;
  const varies = compiled.some((bodies) => [...bodies.values()].flat().some((body) => body.isHtml));

  return {
    varies,
    find(context, error) {
      const wantsHtml = varies && prefersHtml(context.req.headers.accept);
      const keys = [error.code, String(error.status), error.status < 500 ? '4xx' : '5xx'];
      for (const bodies of compiled) {
        for (const key of keys) {
          const found = chooseFor(wantsHtml, bodies.get(key));
          if (found !== undefined) return { fields: found.fields, body: found.render(wordsOf(context, error)) };
        }
      }
      return undefined;
    },
  };
}

function chooseFor(wantsHtml: boolean, bodies: readonly CompiledBody[] = []): CompiledBody | undefined {
  const other = bodies.find((body) => !body.isHtml);
  return wantsHtml ? (bodies.find((body) => body.isHtml) ?? other) : other;
}

/** True for browsers, which name HTML before everything; a program that takes anything gets what programs read. */
function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined || !accept.includes('text/')) return false;
  const qualities = qualityValues(accept);
  const any = qualities.get('*/*') ?? 0;
  const html = qualities.get('text/html') ?? qualities.get('text/*') ?? any;
  const problem = qualities.get('application/problem+json') ?? 0;
  const json = Math.max(problem, qualities.get('application/json') ?? qualities.get('application/*') ?? any);
  return html > json;
}

function wordsOf(context: RequestContext, error: GatewayError): ErrorWords {
  return {
    code: error.code,
    status: error.status,
    title: error.row.title,
    detail: error.message,
    requestId: context.requestId,
    path: context.path,
    retryAfter: error.extras?.retryAfterSeconds,
  };
}
