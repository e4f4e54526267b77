import type { CommandSpec, OptionSpecs } from '../command.ts';

const PLACE = {
  file: {
    type: 'string',
    value: 'FILE',
    says: 'the routes file (default: ROUTES_FILE, or routes.json), with routes.d beside it',
    takes: 'file',
  },
  redis: {
    type: 'boolean',
    says: 'consumers in Redis (REDIS_URL); where the file says consumerStore "redis" it is understood',
  },
  admin: {
    type: 'string',
    value: 'URL',
    says: 'by the admin port of a gateway whose consumers are in Redis (ADMIN_TOKEN)',
  },
} as const satisfies OptionSpecs;

const CONSUMER = {
  consumer: { type: 'string', value: 'NAME', says: 'whose key it is', takes: 'consumer' },
} as const satisfies OptionSpecs;

const ID = { id: { type: 'string', value: 'ID', says: 'which of its keys' } } as const satisfies OptionSpecs;

const EXPIRES = {
  expires: {
    type: 'string',
    value: '90d',
    says: 'how long the key lives, or "never"; a rotated key ends when the old one did',
  },
} as const satisfies OptionSpecs;

const FACTS = {
  scopes: {
    type: 'string',
    value: 'a,b',
    says: "of the key: some of its consumer's; all of them where it is left out",
  },
  'key-metadata': { type: 'string', multiple: true, value: 'NAME=VALUE', says: 'of the key, again for each' },
  plan: { type: 'string', value: 'PLAN', says: 'of the consumer' },
  groups: { type: 'string', value: 'a,b', says: 'of the consumer' },
  roles: { type: 'string', value: 'a,b', says: 'of the consumer' },
  'consumer-scopes': { type: 'string', value: 'a,b', says: 'of the consumer' },
  metadata: { type: 'string', multiple: true, value: 'NAME=VALUE', says: 'of the consumer, again for each' },
  password: { type: 'boolean', says: 'a password for "basic" instead of a key' },
  'password-stdin': {
    type: 'boolean',
    says: 'with --password: one of your choosing, as the first line of standard input',
  },
} as const satisfies OptionSpecs;

const OVERLAP = {
  overlap: { type: 'string', value: '24h', says: 'how long the old keys go on (default: 24h)' },
} as const satisfies OptionSpecs;

const ALL = { all: { type: 'boolean', says: 'all of its keys' } } as const satisfies OptionSpecs;

const EXITS = {
  ok: 'done',
  failed: 'it is not done: no such consumer, key or plan, or the file is locked',
  unavailable: 'Redis, or the gateway of --admin, does not answer',
  config: 'the routes file is missing or has faults, or a setting does',
} as const satisfies CommandSpec['exits'];

const CREATE = {
  name: 'key create',
  summary: 'make a key for a consumer, who is made where there is none',
  usage: [
    'key create --consumer NAME [--id ID] [--expires 90d] [--scopes a,b] [options]',
    'key create --consumer NAME --password [--password-stdin]',
  ],
  about:
    'Makes a key, and the consumer where there is none of that name. The key is shown this once; only its hash is stored.',
  options: { ...CONSUMER, ...ID, ...EXPIRES, ...FACTS, ...PLACE },
  examples: [
    ['key create --consumer mobile-app --plan free --expires 90d', 'a key that ends'],
    ['key create --consumer partner --password', 'for Authorization: Basic'],
  ],
  exits: EXITS,
} as const satisfies CommandSpec;

const LIST = {
  name: 'key list',
  summary: 'list keys: whose, until when, used when',
  usage: ['key list [--consumer NAME] [options]'],
  about: 'Lists keys by consumer. No key can be shown again: only hashes are stored.',
  options: { ...CONSUMER, ...PLACE },
  examples: [['key list --consumer mobile-app', 'of one consumer']],
  exits: EXITS,
} as const satisfies CommandSpec;

const ROTATE = {
  name: 'key rotate',
  summary: 'make a new key, while the old ones go on for a while',
  usage: ['key rotate --consumer NAME [--id ID] [--overlap 24h] [--expires 90d] [options]'],
  about: 'Makes a new key; the old ones, or the one named, end after the overlap.',
  options: { ...CONSUMER, ...ID, ...OVERLAP, ...EXPIRES, ...PLACE },
  examples: [['key rotate --consumer mobile-app --overlap 7d', 'a week for the change']],
  exits: EXITS,
} as const satisfies CommandSpec;

const REVOKE = {
  name: 'key revoke',
  summary: 'end a key at once',
  usage: ['key revoke --consumer NAME [--id ID | --all] [options]'],
  about: 'Takes a key away. A running gateway refuses it from the next request on, as soon as it has read the file.',
  options: { ...CONSUMER, ...ID, ...ALL, ...PLACE },
  examples: [['key revoke --consumer mobile-app --id k2', 'one of several']],
  exits: EXITS,
} as const satisfies CommandSpec;

export const KEY = {
  name: 'key',
  summary: 'make and manage API keys',
  usage: ['key create|list|rotate|revoke [options]'],
  about:
    'Makes, lists, rotates and revokes API keys, in the routes file or in Redis. A key is shown once, when it is made; only its hash is stored. A running gateway notices the change by itself.',
  options: { ...CONSUMER, ...ID, ...EXPIRES, ...OVERLAP, ...ALL, ...FACTS, ...PLACE },
  words: [[]],
  examples: [['key create --consumer mobile-app', 'the first key of a consumer']],
  exits: EXITS,
  commands: [CREATE, LIST, ROTATE, REVOKE],
} as const satisfies CommandSpec;

export const TOKEN = {
  name: 'token',
  summary: 'sign a token for trials with JWT_SECRET',
  usage: ['token --sub USER [--role ROLE] [--scope "a b"] [--claim NAME=VALUE] [--expires 1h]'],
  about:
    'Signs a token with JWT_SECRET, for trials: a real issuer signs its own. JWT_ISSUER and JWT_AUDIENCE go into it where they are set.',
  options: {
    sub: { type: 'string', value: 'USER', says: 'whom it speaks for; needed' },
    role: { type: 'string', multiple: true, value: 'ROLE', says: 'a role, again for each' },
    scope: { type: 'string', value: '"a b"', says: 'its scopes, with blanks between' },
    plan: { type: 'string', value: 'PLAN', says: 'a plan' },
    claim: {
      type: 'string',
      multiple: true,
      value: 'NAME=VALUE',
      says: 'any other claim, again for each; JSON where it is',
    },
    expires: { type: 'string', value: '15m', default: '1h', says: 'how long it lives' },
  },
  examples: [['token --sub user-1 --role admin --expires 15m', 'for a quarter of an hour']],
  exits: { ok: 'printed', config: 'JWT_SECRET is not set, or a setting is wrong' },
} as const satisfies CommandSpec;

export const DEBUG_TOKEN = {
  name: 'debug-token',
  summary: 'sign a token that shows what stages decide, in the answer',
  usage: ['debug-token [--ttl 10m]'],
  about:
    'Signs a token with ADMIN_TOKEN. Whoever sends it in X-Gateway-Debug is told in X-Gateway-Trace what each stage has decided about the request; so is the log. At most for a day; a gateway with another ADMIN_TOKEN takes none of them.',
  options: { ttl: { type: 'string', value: '1h', default: '10m', says: 'how long it works, at most a day' } },
  examples: [['debug-token --ttl 1h', 'for an hour of looking']],
  exits: { ok: 'printed', config: 'ADMIN_TOKEN is not set, or a setting is wrong' },
} as const satisfies CommandSpec;

export const USAGE = {
  name: 'usage',
  summary: 'print who called which route how often, as CSV or JSON',
  usage: ['usage [--month 2026-11 | --from 2026-11-01 --to 2026-11-30] [--format csv|json]'],
  about:
    'Prints who called which route how often, by consumer and route, from the Redis of REDIS_URL. Without dates it is this month so far (UTC). Days are kept for 400 days.',
  options: {
    month: { type: 'string', value: '2026-11', says: 'a whole month' },
    from: { type: 'string', value: 'DAY', says: 'the first day: 2026-11-01' },
    to: { type: 'string', value: 'DAY', says: 'the last day: 2026-11-30' },
    format: { type: 'string', value: 'csv|json', default: 'csv', says: 'how it is printed', takes: ['csv', 'json'] },
  },
  examples: [['usage --month 2026-11 > november.csv', 'for the bill']],
  exits: { ok: 'printed', unavailable: 'Redis does not answer', config: 'REDIS_URL is not set, or a setting is wrong' },
} as const satisfies CommandSpec;
