import { z } from 'zod';
import { endAnswer, writeOwnHead } from '../answer/head.ts';
import { contextOf } from '../context.ts';
import { TOKEN } from '../lib/http-token.ts';
import { defineStage } from '../stage.ts';

const FIELD_VALUE = /^[\t\x20-\x7e]*$/;

const respondOptions = z.strictObject({
  status: z.int().min(200).max(599).describe('Status of the answer.'),
  headers: z
    .record(
      z.string().regex(TOKEN, { error: 'not a header field name' }),
      z.string().regex(FIELD_VALUE, { error: 'header values are visible ASCII' }),
    )
    .default({})
    .describe('Header fields of the answer.'),
  body: z
    .union([z.string(), z.record(z.string(), z.json())])
    .default('')
    .describe('Text, or an object that is sent as JSON.'),
});

/** A fixed answer: a redirect, a notice, a robots.txt. It passes every guarding stage first. */
export const respondStage = defineStage({
  name: 'respond',
  keys: { respond: respondOptions.optional().describe('Answers by itself instead of asking a service.') },
  create({ respond: answer }) {
    if (answer === undefined) return undefined;
    const body = Buffer.from(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
    const hasNoBody = answer.status === 204 || answer.status === 304;
    const fields = Object.entries(answer.headers).flatMap(([name, value]) => [name.toLowerCase(), value]);
    if (!fields.includes('content-type') && body.length > 0) {
      fields.push('content-type', typeof answer.body === 'string' ? 'text/plain; charset=utf-8' : 'application/json');
    }
    if (!hasNoBody) fields.push('content-length', String(body.length));

    return function respond(req, _res, next) {
      const context = contextOf(req);
      context.trace?.push({ stage: 'respond', decision: `answers ${answer.status} by itself` });
      if (context.dryRun) return next();
      writeOwnHead(context, answer.status, [...fields]);
      endAnswer(context, context.method === 'HEAD' || hasNoBody ? undefined : body);
    };
  },
});
