import type { Remark } from '../audit/remark.ts';
import { findNearest } from '../nearest-word.ts';
import { type DotEnv, NO_DOT_ENV } from './dot-env.ts';
import { readRouteFiles } from './read-files.ts';

/** Every setting that there is; `.env.example` has a word on each. */
export const SETTING_NAMES: readonly string[] = [
  'PORT',
  'HOST',
  'ADMIN_PORT',
  'ADMIN_HOST',
  'ADMIN_TOKEN',
  'ROUTES_FILE',
  'LOG_LEVEL',
  'MAX_IN_FLIGHT_PER_ADDRESS',
  'LOG_FORMAT',
  'TRUST_PROXY',
  'CORS_ORIGINS',
  'JWT_SECRET',
  'JWT_PUBLIC_KEY_FILE',
  'JWT_JWKS_URL',
  'JWT_ISSUER',
  'JWT_AUDIENCE',
  'JWT_ALGORITHMS',
  'REDIS_URL',
  'CONSUL_HTTP_ADDR',
  'CONSUL_HTTP_TOKEN',
  'KEEP_ALIVE_TIMEOUT',
  'DRAIN_DELAY',
  'SHUTDOWN_TIMEOUT',
  'HEALTH_DETAILS',
];

/** What other programs call a setting of ours. */
const OTHERS: Readonly<Record<string, string>> = {
  CONSUL_HOST: 'CONSUL_HTTP_ADDR',
  CONSUL_ADDR: 'CONSUL_HTTP_ADDR',
  CONSUL_URL: 'CONSUL_HTTP_ADDR',
  CONSUL_ADDRESS: 'CONSUL_HTTP_ADDR',
  CONSUL_PORT: 'CONSUL_HTTP_ADDR',
  CONSUL_TOKEN: 'CONSUL_HTTP_TOKEN',
  REDIS_HOST: 'REDIS_URL',
  REDIS_ADDR: 'REDIS_URL',
  REDIS_PORT: 'REDIS_URL',
  REDIS_PASSWORD: 'REDIS_URL',
  JWT_KEY: 'JWT_SECRET',
  JWT_PUBLIC_KEY: 'JWT_PUBLIC_KEY_FILE',
  JWKS_URL: 'JWT_JWKS_URL',
  JWKS_URI: 'JWT_JWKS_URL',
  JWT_ISS: 'JWT_ISSUER',
  JWT_AUD: 'JWT_AUDIENCE',
  ALLOWED_ORIGINS: 'CORS_ORIGINS',
  CORS_ALLOWED_ORIGINS: 'CORS_ORIGINS',
  TRUSTED_PROXIES: 'TRUST_PROXY',
  ROUTES_PATH: 'ROUTES_FILE',
  GATEWAY_PORT: 'PORT',
  HTTP_PORT: 'PORT',
  LISTEN_PORT: 'PORT',
  LOGLEVEL: 'LOG_LEVEL',
  ADMIN_PASSWORD: 'ADMIN_TOKEN',
  ADMIN_KEY: 'ADMIN_TOKEN',
  ADMIN_API_KEY: 'ADMIN_TOKEN',
};

/** What is no setting here since it is said in routes.json. */
const IN_FILE: Readonly<Record<string, string>> = {
  JWT_ROLES_CLAIM: '"claims" of a row in "issuers"',
  JWT_ROLE_CLAIM: '"claims" of a row in "issuers"',
  JWT_CLAIMS: '"claims" of a row in "issuers"',
  RATE_LIMIT: '"rateLimits"',
  RATE_LIMITS: '"rateLimits"',
  RATE_LIMIT_MAX: '"rateLimits"',
  RATE_LIMIT_WINDOW: '"rateLimits"',
  BODY_LIMIT: '"bodyLimit"',
  MAX_BODY_SIZE: '"bodyLimit"',
};

// Shorter names (HOST, PORT) are near to a great many that have nothing to do with them.
const MIN_CHARS = 8;
const KUBERNETES_VALUE = /^tcp:\/\//;
const STRAY = { id: 'stray-setting', at: [] } as const;

/**
 * Says which variables look like a setting and are none: a misspelt one is ignored without a word otherwise. Those
 * that the routes file uses by `${ENV:NAME}` are meant as they are. No value is ever repeated.
 */
export function findStrayNames(
  env: NodeJS.ProcessEnv,
  routesFile: string,
  dotEnv: DotEnv = NO_DOT_ENV,
): readonly string[] {
  return remarkOnStrays(env, routesFile, dotEnv).map(({ message }) => message);
}

/** The same, each with its id and the variable. */
export function remarkOnStrays(
  env: NodeJS.ProcessEnv,
  routesFile: string,
  { lines, strays }: DotEnv = NO_DOT_ENV,
): readonly Remark[] {
  const used = namesUsedIn(routesFile);
  const names = Object.keys(env)
    .sort()
    .flatMap((name): Remark[] => {
      // Kubernetes sets REDIS_PORT=tcp://… for a Service called redis.
      if (SETTING_NAMES.includes(name) || used.has(name) || KUBERNETES_VALUE.test(env[name] ?? '')) return [];
      const meant = meaningOf(name) ?? (lines.has(name) ? meaningInDotEnv(name) : undefined);
      if (meant === undefined) return [];
      return [{ ...STRAY, setting: name, message: `${name} is no setting and is ignored: ${meant}` }];
    });
  const lost = strays.map((stray) => ({ ...STRAY, envLine: stray.line, message: describeStray(stray) }));
  return [...lost, ...names];
}

function meaningOf(name: string): string | undefined {
  if (Object.hasOwn(IN_FILE, name)) return `this is ${IN_FILE[name]} in routes.json`;
  const meant = Object.hasOwn(OTHERS, name) ? OTHERS[name] : nearestSetting(name);
  return meant === undefined ? undefined : `did you mean "${meant}"?`;
}

/** The environment is everybody's; what stands in `.env` was most likely meant for us. */
function meaningInDotEnv(name: string): string | undefined {
  const upper = name.toUpperCase();
  if (SETTING_NAMES.includes(upper)) return `did you mean "${upper}"?`;
  const family = upper.split('_', 1)[0];
  const alike = SETTING_NAMES.filter((setting) => setting.startsWith(`${family}_`));
  return alike.length === 0 ? undefined : `the settings that begin so are ${alike.join(', ')}`;
}

function describeStray({ line, word }: DotEnv['strays'][number]): string {
  const meant = SETTING_NAMES.find((name) => name === word.toUpperCase().replace(/[^A-Z_].*$/, ''));
  return `.env:${line} assigns nothing and is ignored: write ${meant ?? 'NAME'}=value`;
}

function nearestSetting(name: string): string | undefined {
  if (name.length < MIN_CHARS) return undefined;
  const family = SETTING_NAMES.filter((setting) => setting.slice(0, 2) === name.slice(0, 2).toUpperCase());
  const nearest = findNearest(name, family);
  return nearest !== undefined && Math.abs(nearest.length - name.length) <= 2 ? nearest : undefined;
}

function namesUsedIn(routesFile: string): ReadonlySet<string> {
  const texts = readRouteFiles(routesFile).map(({ source }) => source.text);
  return new Set(texts.flatMap((text) => [...text.matchAll(/\$\{ENV:([^}]*)\}/g)].map(([, name]) => name ?? '')));
}
