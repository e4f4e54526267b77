import helmet, { type HelmetOptions } from 'helmet';
import { z } from 'zod';
import { contextOf } from '../context.ts';
import { recordHeaders } from '../lib/header-recorder.ts';
import { defineStage } from '../stage.ts';

/** What fits any service's answer; a policy about content is the service's to make, so it is off unless asked for. */
const API_PROFILE = {
  contentSecurityPolicy: false,
  crossOriginEmbedderPolicy: false,
  crossOriginOpenerPolicy: false,
  crossOriginResourcePolicy: false,
  originAgentCluster: false,
} as const satisfies HelmetOptions;

const securityHeadersOptions = z.strictObject({
  contentSecurityPolicy: z.string().optional().describe('A whole Content-Security-Policy, as it is sent.'),
  frame: z.enum(['deny', 'sameorigin', 'off']).default('sameorigin').describe('X-Frame-Options.'),
  referrerPolicy: z.string().default('no-referrer').describe('Referrer-Policy.'),
  crossOrigin: z.boolean().default(false).describe('Adds CORP, COEP and COOP, as helmet does by default.'),
});

/** helmet on every answer: its fields are computed once a route, and a service's own value of a field stands. */
export const securityHeadersStage = defineStage({
  name: 'securityHeaders',
  keys: {
    securityHeaders: z
      .union([z.literal(false), securityHeadersOptions])
      .optional()
      .describe("helmet's headers on the service's answers; `false` adds none."),
  },
  create({ securityHeaders: option }) {
    if (option === false) return undefined;
    const plain = fieldsFor(securityHeadersOptions.parse(option ?? {}), false);
    const overTls = fieldsFor(securityHeadersOptions.parse(option ?? {}), true);

    return function securityHeaders(req, _res, next) {
      const context = contextOf(req);
      context.securityHeaders = context.scheme === 'https' ? overTls : plain;
      next();
    };
  },
});

function fieldsFor(options: z.output<typeof securityHeadersOptions>, tls: boolean): string[] {
  const crossOrigin = options.crossOrigin
    ? { crossOriginEmbedderPolicy: true, crossOriginOpenerPolicy: true, crossOriginResourcePolicy: true }
    : {};
  const fields = recordHeaders(
    helmet({
      ...API_PROFILE,
      ...crossOrigin,
      strictTransportSecurity: tls,
      xFrameOptions: options.frame === 'off' ? false : { action: options.frame },
      referrerPolicy: false,
    }),
  );
  fields.push('referrer-policy', options.referrerPolicy);
  if (options.contentSecurityPolicy !== undefined)
    fields.push('content-security-policy', options.contentSecurityPolicy);
  return fields;
}
