import { z } from 'zod';
import { answerOwn } from '../answer/own.ts';
import { jsonBodyOf } from '../body/json-body.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { asItIs, escapeFor, escapeForMarkup } from '../lib/escape.ts';
import { hasBody } from '../lib/has-body.ts';
import { TOKEN } from '../lib/http-token.ts';
import { isJsonType } from '../lib/media-type.ts';
import { oneOrMany } from '../schema-values.ts';
import { defineStage } from '../stage.ts';
import type { Sights } from '../values/facts.ts';
import { checkedFieldValue } from '../values/header-value.ts';
import { condition, jsonTemplate, template } from '../values/options.ts';
import { Template, ValueTemplate } from '../values/template.ts';

const FIELD_VALUE = /^[\t\x20-\x7e]*$/;

const NO_BODY = new ValueTemplate('', 'request');

const respondOptions = z.strictObject({
  when: condition('request')
    .optional()
    .describe('Answers only where this holds; of several answers the first that fits is given.'),
  status: z.int().min(200).max(599).describe('Status of the answer.'),
  headers: z
    .record(
      z.string().regex(TOKEN, { error: 'not a header field name' }),
      z.string().regex(FIELD_VALUE, { error: 'header values are visible ASCII' }).pipe(template('request')),
    )
    .default({})
    .describe('Header fields of the answer, with `${…}` for values.'),
  body: jsonTemplate('request', z.union([z.string(), z.record(z.string(), z.json())]))
    .default(NO_BODY)
    .describe(
      'Text, or an object that is sent as JSON; with `${…}` for values, escaped where it is HTML, XML or JSON.',
    ),
});

type Answer = z.output<typeof respondOptions>;

/**
 * A fixed answer: a redirect, a notice, a robots.txt. It passes every guarding stage first. Where all answers of a
 * route have a condition and none of them holds, the request goes on to where the route leads.
 */
export const respondStage = defineStage({
  name: 'respond',
  keys: {
    respond: oneOrMany(respondOptions).optional().describe('Answers by itself instead of asking a service.'),
  },
  create({ respond: options }) {
    if (options === undefined) return undefined;
    const answers = options.map(compile);
    const [first] = answers;
    if (first !== undefined && first.when === undefined && !first.needsBody) {
      return function respond(req, _res, next) {
        const context = contextOf(req);
        explain(context, first);
        if (context.dryRun) return next();
        first.give(context, {});
      };
    }

    return async function respond(req, _res, next) {
      const context = contextOf(req);
      const needsBody = answers.some((answer) => answer.needsBody || answer.when?.needsBody === true);
      const sights = needsBody && (!context.dryRun || hasBody(req)) ? { body: await bodySeen(context) } : {};
      const answer = answers.find(({ when }) => when === undefined || when.holds(context, sights));
      if (answer === undefined) return next();
      explain(context, answer);
      if (context.dryRun) return next();
      answer.give(context, sights);
    };
  },
});

interface Compiled extends Pick<Answer, 'when' | 'status'> {
  readonly needsBody: boolean;
  give(context: RequestContext, sights: Sights): void;
}

function compile({ when, status, headers, body }: Answer): Compiled {
  const fields: [string, Template][] = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  const text = typeof body.source === 'string' ? new Template(body.source, 'request') : undefined;
  const type = text !== undefined ? 'text/plain; charset=utf-8' : 'application/json';
  const needsBody = body.needsBody || fields.some(([, value]) => value.needsBody);
  const isConstant = body.isConstant && fields.every(([, value]) => value.isConstant);

  const render = (context: RequestContext, sights: Sights) => {
    const own: Record<string, string> = {};
    for (const [name, value] of fields) own[name] = checkedFieldValue(name, value.render(context, sights));
    const content =
      text === undefined
        ? JSON.stringify(body.render(context, sights))
        : renderText(text, own['content-type'] ?? type, context, sights);
    const bytes = Buffer.from(content);
    return { fields: bytes.length > 0 ? { 'content-type': type, ...own } : own, bytes };
  };
  let known: ReturnType<typeof render> | undefined;
  return {
    when,
    status,
    needsBody,
    give(context, sights) {
      const answer = known ?? render(context, sights);
      if (isConstant) known = answer;
      answerOwn(context, status, answer.fields, answer.bytes);
    },
  };
}

/** What a client may choose becomes no part of the page, or of the JSON, that the text is. A value alone that is no text is JSON. */
function renderText(text: Template, contentType: string, context: RequestContext, sights: Sights): string {
  const escapeText = escapeFor(contentType) ?? asItIs;
  const value = text.renderValue(context, sights);
  if (typeof value !== 'string') {
    const json = JSON.stringify(value);
    return escapeText === escapeForMarkup ? escapeText(json) : json;
  }
  return escapeText === asItIs ? value : text.render(context, sights, escapeText);
}

function explain(context: RequestContext, { status }: Compiled): void {
  context.trace?.push({ stage: 'respond', decision: `answers ${status} by itself`, facts: { answers: status } });
}

/** The body where it is JSON; null for any other, which is left unread. */
async function bodySeen(context: RequestContext): Promise<unknown> {
  return isJsonType(context.req.headers['content-type']) ? ((await jsonBodyOf(context)) ?? null) : null;
}
