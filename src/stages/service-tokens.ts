import { z } from 'zod';
import { answerOwn } from '../answer/own.ts';
import { contextOf } from '../context.ts';
import type { FindingId } from '../findings.ts';
import { matchKeys } from '../routing/keys.ts';
import { duration, oneOrMany } from '../schema-values.ts';
import { defineStage, type Report } from '../stage.ts';
import { callerField } from '../upstream/credentials/options.ts';
import { JWKS_PATH, parseTokenKey, type TokenKeysOptions } from '../upstream/credentials/token-keys.ts';
import { useTokenKeys } from '../upstream/credentials/use-credential.ts';
import { serviceKeys, servicesOption } from '../upstream/service-options.ts';

/** A minute: a service that asks again then knows a new key before the old one's tokens have ended. */
const CACHE_CONTROL = 'public, max-age=60';

const serviceTokensOption = z
  .strictObject({
    issuer: z.string().min(1).max(1024).default('turnpike').describe('`iss` of the tokens. Default "turnpike".'),
    key: oneOrMany(z.string().min(1))
      .optional()
      .describe(
        'Private key that signs, EC P-256 or Ed25519, as PEM or a JWK: "${FILE:/path}". Of a list the first signs, and all are published. Default: made in memory, which is for a single process.',
      ),
    algorithm: z
      .enum(['ES256', 'EdDSA'])
      .default('ES256')
      .describe('Of keys that are made. Default "ES256", which every library knows.'),
    rotateEvery: duration({ min: '1m', max: '365d' })
      .prefault('1d')
      .describe('How long a key that was made signs; the next one is published meanwhile. Default 1d.'),
  })
  .prefault({})
  .describe('What signs the tokens that `serviceAuth.token` sends to services.');

const OF_ONE_PROCESS =
  'tokens for services are signed with a key that this process alone has: with several gateways name one in "serviceTokens.key"';

type ServiceTokens = z.output<typeof serviceTokensOption>;

/**
 * `GET /.well-known/jwks.json`: the public keys of the tokens that services are sent (RFC 7517), where any service or
 * route asks for such tokens. Public, as the keys are.
 */
export const serviceTokensStage = defineStage({
  name: 'serviceTokens',
  reads: { prefix: matchKeys.prefix, serviceAuth: serviceKeys.serviceAuth },
  fileKeys: { serviceTokens: serviceTokensOption },
  fileReads: { services: servicesOption },

  check({ serviceTokens: { key = [] }, services }, routes, report) {
    const areSent = [...Object.values(services), ...routes].some(({ serviceAuth }) => callerField(serviceAuth));
    routes.forEach(({ prefix }, index) => {
      if (!areSent || !prefix.includes(JWKS_PATH)) return;
      report(['routes', index, 'prefix'], 'this is where the keys of the tokens for services are', 'use another path');
    });
    for (const [at, text] of key.entries()) checkKey(text, at, report);
    const kids = key.flatMap((text) => kidOf(text) ?? []);
    const twice = kids.find((kid, at) => kids.indexOf(kid) < at);
    if (twice !== undefined) report(['serviceTokens', 'key'], 'two of the keys have the same kid');
  },

  prepare({ serviceTokens }, deps) {
    const keys = useTokenKeys(deps);
    const options = readOptions(serviceTokens);
    deps.whenInForce(() => keys.follow(options));
    return { keys, areMade: options.keys.length === 0 };
  },

  create(_options, route, deps, { keys, areMade }) {
    if (route.own !== 'jwks') return undefined;
    // What has Redis has several gateways, mostly.
    if (areMade && deps.redis !== undefined)
      deps.whenInForce(() =>
        deps.log.warn(OF_ONE_PROCESS, { finding: 'token-key-of-one-process' satisfies FindingId }),
      );

    return function serviceTokens(req, _res, next) {
      const context = contextOf(req);
      if (context.dryRun) return next();
      const fields = { 'content-type': 'application/jwk-set+json', 'cache-control': CACHE_CONTROL };
      answerOwn(context, 200, fields, JSON.stringify(keys.jwks()));
    };
  },
});

function readOptions({ issuer, key = [], algorithm, rotateEvery: rotateEveryMs }: ServiceTokens): TokenKeysOptions {
  return { issuer, keys: key.map(parseTokenKey), algorithm, rotateEveryMs };
}

function checkKey(text: string, at: number, report: Report): void {
  try {
    const { privateKey } = parseTokenKey(text);
    if (at > 0 || privateKey !== undefined) return;
    report(
      ['serviceTokens', 'key'],
      'the first key is a public one, and can sign nothing',
      'put the private key first',
    );
  } catch (error) {
    const hint = 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256';
    report(['serviceTokens', 'key'], `the key ${(error as Error).message}`, hint);
  }
}

function kidOf(text: string): string | undefined {
  try {
    return parseTokenKey(text).kid;
  } catch {
    // Told as a fault of its own.
    return undefined;
  }
}
