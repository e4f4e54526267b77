import helmet, { type HelmetOptions } from 'helmet';
import { z } from 'zod';
import { recordHeaders } from '../answer/header-recorder.ts';
import { contextOf } from '../context.ts';
import { defineStage } from '../stage.ts';

/** What fits any service's answer; a policy about content is the service's to make, so it is off unless asked for. */
const API_PROFILE = {
  contentSecurityPolicy: false,
  crossOriginEmbedderPolicy: false,
  crossOriginOpenerPolicy: false,
  crossOriginResourcePolicy: false,
  originAgentCluster: false,
} as const satisfies HelmetOptions;

const fieldValue = z.string().regex(/^[\x20-\x7e]+$/, { error: 'header values are visible ASCII' });

const securityHeadersOptions = z.strictObject({
  contentSecurityPolicy: fieldValue.optional().describe('A whole Content-Security-Policy, as it is sent.'),
  frame: z.enum(['deny', 'sameorigin', 'off']).default('sameorigin').describe('X-Frame-Options.'),
  hsts: z
    .enum(['host', 'subdomains', 'off'])
    .default('host')
    .describe(
      'Strict-Transport-Security, a year long, where the client came over TLS: for the host alone, or for all below.',
    ),
  referrerPolicy: fieldValue.default('no-referrer').describe('Referrer-Policy.'),
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
  // Most routes say nothing of it: helmet then runs once for all of them.
  prepare: () => new Map<string, Profile>(),
  create({ securityHeaders: option }, route, _deps, profiles) {
    if (option === false) return undefined;
    const options = securityHeadersOptions.parse(option ?? {});
    // The last HSTS that a browser sees holds: a 404 must not take back what routes of that host promise.
    const isOfFile = route.matched && route.own === undefined;
    const { plain, overTls } = profileFor(isOfFile ? options : { ...options, hsts: 'off' }, profiles);

    return function securityHeaders(req, _res, next) {
      const context = contextOf(req);
      context.securityHeaders = context.scheme === 'https' ? overTls : plain;
      next();
    };
  },
});

/** The fields for an answer over plain HTTP, and over TLS. */
interface Profile {
  readonly plain: readonly string[];
  readonly overTls: readonly string[];
}

function profileFor(options: z.output<typeof securityHeadersOptions>, profiles: Map<string, Profile>): Profile {
  const key = JSON.stringify(options);
  const known = profiles.get(key);
  if (known !== undefined) return known;
  const profile = { plain: fieldsFor(options, false), overTls: fieldsFor(options, true) };
  profiles.set(key, profile);
  return profile;
}

function fieldsFor(options: z.output<typeof securityHeadersOptions>, tls: boolean): string[] {
  const crossOrigin = options.crossOrigin
    ? { crossOriginEmbedderPolicy: true, crossOriginOpenerPolicy: true, crossOriginResourcePolicy: true }
    : {};
  const fields = recordHeaders(
    helmet({
      ...API_PROFILE,
      ...crossOrigin,
      // helmet's own default is includeSubDomains: too much to promise for hosts that are none of the gateway's.
      strictTransportSecurity: tls && options.hsts !== 'off' && { includeSubDomains: options.hsts === 'subdomains' },
      xFrameOptions: options.frame === 'off' ? false : { action: options.frame },
      referrerPolicy: false,
    }),
  );
  fields.push('referrer-policy', options.referrerPolicy);
  if (options.contentSecurityPolicy !== undefined)
    fields.push('content-security-policy', options.contentSecurityPolicy);
  return fields;
}
