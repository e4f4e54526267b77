import type { ErrorPages, RequestContext } from '../context.ts';
import type { GatewayError } from '../errors.ts';
import type { ErrorPage } from '../facts.ts';
import { escapeFor } from '../lib/escape.ts';
import { isHtmlType } from '../lib/media-type.ts';
import { qualityValues } from '../lib/quality-values.ts';
import { ErrorFacts, type Sights } from '../values/facts.ts';
import { Template } from '../values/template.ts';
import { type BodiesOption, type BodyOption, contentTypeOf } from './error-options.ts';

/** What is to be run in a page of the gateway's is nothing; it may look as it likes. */
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

interface CompiledBody {
  readonly isHtml: boolean;
  readonly fields: ErrorPage['fields'];
  /** Throws where a value in it has a fault. */
  render(context: RequestContext, sights: Sights): string;
}

function compileBody(option: BodyOption): CompiledBody {
  const contentType = contentTypeOf(option);
  const isPage = isHtmlType(contentType);
  const fields = { 'content-type': contentType, ...(isPage && { 'content-security-policy': PAGE_POLICY }) };
  return { isHtml: isPage, fields, render: compileRender(option, contentType) };
}

function compileRender({ body }: BodyOption, contentType: string): CompiledBody['render'] {
  const { source } = body;
  if (typeof source !== 'string') return (context, sights) => JSON.stringify(body.render(context, sights));
  const template = new Template(source, 'error');
  return (context, sights) => template.render(context, sights, escapeFor(contentType));
}

/**
 * The bodies of a route before those of the file; of each, by code, by status, by the kind of status. A body with a
 * fault is told to `complain`, and its error has the usual words.
 */
export function createErrorPages(
  levels: readonly (BodiesOption | undefined)[],
  complain: (error: unknown) => void,
): ErrorPages | undefined {
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
      const found = compiled
        .flatMap((bodies) => keys.map((key) => chooseFor(wantsHtml, bodies.get(key))))
        .find(Boolean);
      if (found === undefined) return undefined;
      try {
        return { fields: found.fields, body: found.render(context, { error: factsOf(error) }) };
      } catch (fault) {
        complain(fault);
        return undefined;
      }
    },
  };
}

function chooseFor(wantsHtml: boolean, bodies: readonly CompiledBody[] = []): CompiledBody | undefined {
  const other = bodies.find((body) => !body.isHtml);
  return wantsHtml ? (bodies.find((body) => body.isHtml) ?? other) : other;
}

/** True for browsers, which name HTML before everything; a program that takes anything gets what programs read. */
function prefersHtml(accept: string | undefined): boolean {
  // In any case of letters (RFC 9110, section 8.3.1).
  if (accept === undefined || !/text\//i.test(accept)) return false;
  const qualities = qualityValues(accept);
  const any = qualities.get('*/*') ?? 0;
  const html = qualities.get('text/html') ?? qualities.get('text/*') ?? any;
  const problem = qualities.get('application/problem+json') ?? 0;
  const json = Math.max(problem, qualities.get('application/json') ?? qualities.get('application/*') ?? any);
  return html > json;
}

function factsOf({ code, status, row, message, extras }: GatewayError): ErrorFacts {
  return new ErrorFacts(code, status, row.title, message, extras?.retryAfterSeconds);
}
