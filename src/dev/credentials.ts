import { randomBytes } from 'node:crypto';
import { createApiKey, hashApiKey } from '../auth/api-key-format.ts';
import { consumerRow } from '../auth/consumers.ts';
import { issuerRow } from '../auth/issuers.ts';
import { signToken } from '../cases/callers.ts';
import type { FileConfig } from '../config/routes.ts';
import type { JwtSettings } from '../settings.ts';

/** Who the throw-away credentials stand for. */
export const DEV_CALLER = 'turnpike-dev';
const DEV_ISSUER = 'urn:turnpike:dev';
const DAY_S = 24 * 3600;

type Signer = Pick<JwtSettings, 'issuer' | 'audience'> & { readonly secret: string };

/** An API key and a token for one run of `turnpike dev`: they are made in memory, and are gone with the process. */
export interface DevCredentials {
  /** The configuration with somebody in it who holds them. */
  addTo(config: FileConfig): FileConfig;
  /** Undefined where consumers stand in Redis: nothing is written there. */
  keyFor(config: FileConfig): string | undefined;
  /** A token with every role and scope that routes ask for. */
  tokenFor(config: FileConfig, nowMs: number): string;
}

export function createDevCredentials(jwt: JwtSettings | undefined): DevCredentials {
  const key = createApiKey();
  const secret = randomBytes(48).toString('base64url');

  return {
    addTo(config) {
      const isAdded = findSigner(config, jwt) === undefined;
      const row = issuerRow.parse({ issuer: DEV_ISSUER, audience: DEV_CALLER, secret, algorithms: ['HS256'] });
      // A route that names its issuers would refuse the token for that alone.
      const routes = isAdded ? config.routes.map(withDevIssuer) : config.routes;
      return {
        ...config,
        routes,
        issuers: isAdded ? [...config.issuers, row] : config.issuers,
        consumers: [...config.consumers, devConsumer(config, key)],
      };
    },
    keyFor: ({ consumerStore }) => (consumerStore === 'file' ? key : undefined),
    tokenFor(config, nowMs) {
      const signer = findSigner(config, jwt) ?? { issuer: DEV_ISSUER, audience: [DEV_CALLER], secret };
      const iat = Math.floor(nowMs / 1000);
      const { roles, scopes } = whatIsAsked(config);
      const facts = {
        ...(signer.issuer !== undefined && { iss: signer.issuer }),
        ...(signer.audience !== undefined && { aud: signer.audience[0] }),
        sub: DEV_CALLER,
        ...(roles.length > 0 && { roles }),
        ...(scopes.length > 0 && { scope: scopes.join(' ') }),
      };
      return signToken({ ...facts, iat, exp: iat + DAY_S }, signer.secret);
    },
  };
}

type Route = FileConfig['routes'][number];

function withDevIssuer(route: Route): Route {
  return route.issuers === undefined ? route : { ...route, issuers: [...route.issuers, DEV_ISSUER] };
}

function devConsumer(config: FileConfig, key: string): FileConfig['consumers'][number] {
  const { roles, scopes } = whatIsAsked(config);
  return consumerRow.parse({ name: DEV_CALLER, roles, scopes, keys: [{ id: 'dev', sha256: hashApiKey(key) }] });
}

/** Who signs with a secret that we know, so that a token of theirs can be had. */
function findSigner(config: FileConfig, jwt: JwtSettings | undefined): Signer | undefined {
  if (jwt?.secret !== undefined && jwt.algorithms.includes('HS256')) return { ...jwt, secret: jwt.secret };
  const row = config.issuers.find(
    ({ secret, algorithms }) => secret !== undefined && (algorithms?.includes('HS256') ?? true),
  );
  return row?.secret === undefined ? undefined : { issuer: row.issuer, audience: row.audience, secret: row.secret };
}

/** Every role and scope that a route asks for. */
function whatIsAsked({ routes }: FileConfig): { roles: string[]; scopes: string[] } {
  const rules = routes.flatMap(({ authorize }) =>
    authorize === undefined ? [] : [authorize, ...Object.values(authorize.methods ?? {})],
  );
  const named = (key: 'roles' | 'scopes'): string[] => [
    ...new Set(rules.flatMap((rule) => [...(rule[key]?.any ?? []), ...(rule[key]?.all ?? [])])),
  ];
  return { roles: named('roles'), scopes: named('scopes') };
}
