import { z } from 'zod';
import { HeadSink } from '../answer/head-sink.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { instant } from '../schema-values.ts';
import type { Answerer, AnswerFields } from '../sink.ts';
import { defineStage } from '../stage.ts';

/** What may stand between `<` and `>` of a Link field (RFC 8288, section 3). */
const LINK = /^(?:https?:\/\/|\/)[\x21\x23-\x3b\x3d\x3f-\x7e]*$/;

const deprecationOption = z.strictObject({
  since: instant.describe('Since when, or from when on, the route is not to be used any more: `"2026-12-31"`.'),
  sunset: instant.optional().describe('When it will be gone.'),
  link: z
    .string()
    .max(2000)
    .regex(LINK, { error: 'expected an address such as "https://docs.example.com/v2"' })
    .optional()
    .describe('The page that says what to do.'),
  refuse: z.boolean().default(false).describe('After `sunset` the route answers 410. Default false.'),
});

type Deprecation = z.output<typeof deprecationOption>;

/**
 * Tells clients that a route goes away, on each of its answers: `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and `Link`.
 * After its sunset it can refuse: 410 `gone`.
 */
export const deprecationStage = defineStage({
  name: 'deprecation',
  keys: {
    deprecation: deprecationOption
      .optional()
      .describe('Tells clients that the route goes away: Deprecation, Sunset and Link on each answer.'),
  },

  check(_file, routes, report) {
    routes.forEach(({ deprecation }, index) => {
      if (deprecation === undefined) return;
      const { since, sunset, refuse } = deprecation;
      const at = ['routes', index, 'deprecation'];
      // RFC 9745, section 4.
      if (sunset !== undefined && sunset < since)
        report([...at, 'sunset'], 'is earlier than "since"', 'what goes away is deprecated before it does');
      if (refuse && sunset === undefined)
        report([...at, 'refuse'], 'needs a "sunset" after which to refuse', 'say when the route will be gone');
    });
  },

  create({ deprecation: options }, route, { clock }) {
    if (!route.matched || options === undefined) return undefined;
    const fields = renderFields(options);
    const goneAtMs = options.refuse && options.sunset !== undefined ? options.sunset : Number.POSITIVE_INFINITY;

    return function deprecation(req, _res, next) {
      const context = contextOf(req);
      for (let i = 0; i < fields.length; i += 2) context.addHeader(fields[i] as string, fields[i + 1] as string);
      const isGone = clock.now() >= goneAtMs;
      context.trace?.push({ stage: 'deprecation', decision: isGone ? 'gone' : 'deprecated' });
      if (isGone) return next(new GatewayError('gone'));
      context.sink = new ReplacingSink(context.sink);
      next();
    };
  },
});

/** Names and values by turns. Deprecation is a Date of Structured Fields (RFC 9651, section 3.3.7), Sunset an HTTP-date. */
function renderFields({ since, sunset, link }: Deprecation): string[] {
  const fields = ['deprecation', `@${Math.floor(since / 1000)}`];
  if (sunset !== undefined) fields.push('sunset', new Date(sunset).toUTCString());
  if (link !== undefined) {
    const rels = sunset === undefined ? ['deprecation'] : ['deprecation', 'sunset'];
    fields.push('link', rels.map((rel) => `<${link}>; rel="${rel}"`).join(', '));
  }
  return fields;
}

/** What a service says itself of its end gives way: of either field there is one. Its own Links stand beside. */
class ReplacingSink extends HeadSink {
  override head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    const { deprecation, sunset, ...others } = fields;
    const kept = deprecation === undefined && sunset === undefined ? fields : others;
    this.next.head(context, status, kept, answerer);
  }
}
