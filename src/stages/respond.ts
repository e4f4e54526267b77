import { z } from 'zod';
import { answerOwn } from '../answer/own.ts';
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
    const fields: Record<string, string> = {};
    for (const [name, value] of Object.entries(answer.headers)) fields[name.toLowerCase()] = value;
    if (body.length > 0)
      fields['content-type'] ??= typeof answer.body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';

    return function respond(req, _res, next) {
      const context = contextOf(req);
      context.trace?.push({ stage: 'respond', decision: `answers ${answer.status} by itself` });
      if (context.dryRun) return next();
      answerOwn(context, answer.status, fields, body);
    };
  },
});
