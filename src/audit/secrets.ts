import { findPlace, type Place } from '../config/source.ts';
import { isSecretName } from '../lib/redact.ts';
import { callerField } from '../upstream/credentials/options.ts';
import type { Remark } from './remark.ts';
import type { Subject } from './subject.ts';

/** A secret, where it stands, and what it is called. */
interface Secret {
  readonly value: string;
  readonly what: string;
  readonly at: readonly PropertyKey[];
  readonly setting?: string;
}

/** What tutorials, READMEs and jwt.io sign with, in lower case and without what stands between words. */
const EXAMPLES = new Set([
  'your256bitsecret',
  'your384bitsecret',
  'your512bitsecret',
  'astringsecretatleast256bitslong',
  'avalidstringsecretthatisatleast512bitslongwhichisverylong',
  'keyboardcat',
  // Of `npm run demo`.
  'demosecretofwebhooks',
  'demosecretofpartnersof32bytes',
  'shhhhh',
  'qwertyuiop',
  'qwertyuiopasdfghjklzxcvbnm123456',
]);
/** Words of examples; a secret that is made of them alone is one. */
const WORDS = longestFirst(
  'change replace this me please your my the a an is it in super very top secret secure random long string password ' +
    'passwd pass admin token jwt key api test testing example default dev development prod production turnpike demo ' +
    'value here to for and with use not do bytes bits characters chars at least hmac sha hs',
);
/** A secret that says of itself that it is none. */
const PLACEHOLDER = /change[-_ ]?(?:me|this|it)|replace[-_ ]?(?:me|this)|insert[-_ ]?here|^<.*>$/i;
const FEWEST_DIFFERENT = 8;
/** Characters that are left once words of examples are gone. */
const FEWEST_LEFT = 6;

function longestFirst(words: string): RegExp {
  const sorted = words.split(' ').toSorted((a, b) => b.length - a.length);
  return new RegExp(sorted.join('|'), 'g');
}

/** Why anybody could guess this secret; undefined where that is not known. */
export function findWeakness(secret: string): string | undefined {
  const plain = secret.toLowerCase().replace(/[^a-z0-9]+/g, '');
  if (EXAMPLES.has(plain) || PLACEHOLDER.test(secret)) return 'is a well-known example';
  if (new Set(secret).size < FEWEST_DIFFERENT) return `has fewer than ${FEWEST_DIFFERENT} different characters`;
  if (isRun(plain)) return 'counts or repeats itself';
  // Random text in base64 has short words in it too, and much else.
  if (plain.replace(WORDS, '').replace(/\d+/g, '').length < FEWEST_LEFT && !/^[0-9a-f]{32,}$/.test(plain))
    return 'is made of the words of examples';
  return undefined;
}

/** `0123456789abcdef0123…`, `abcabcabc`: one character follows from those before it. */
function isRun(text: string): boolean {
  if (text.length < FEWEST_DIFFERENT) return false;
  const half = text.slice(0, Math.floor(text.length / 2));
  for (let size = 1; size <= half.length; size++) {
    if (
      text ===
      text
        .slice(0, size)
        .repeat(Math.ceil(text.length / size))
        .slice(0, text.length)
    )
      return true;
  }
  const steps = [...text].slice(1).filter((char, at) => char.charCodeAt(0) - text.charCodeAt(at) === 1);
  return steps.length > text.length * 0.8;
}

/** Secrets that anybody can guess, of the settings and of the file. */
export function findWeakSecrets(subject: Subject): readonly Remark[] {
  return [...secretsOfSettings(subject), ...secretsOfFile(subject)].flatMap(({ value, what, at, setting }) => {
    const weakness = findWeakness(value);
    if (weakness === undefined) return [];
    return [{ id: 'weak-secret', at, message: `${what} ${weakness}`, ...(setting !== undefined && { setting }) }];
  });
}

/** Secrets that stand in the file by the letter. */
export function findWrittenSecrets(subject: Subject): readonly Remark[] {
  const written = [...secretsOfFile(subject), ...secretsOfServices(subject), ...secretsOfEdits(subject)];
  return written.flatMap(({ what, at }) => {
    const { place, isMissing } = findPlaceOf(subject, at);
    if (isMissing || isReference(place)) return [];
    return [{ id: 'secret-in-file', at, message: `${what} is written into the file by the letter` } as const];
  });
}

/** What a route puts into requests under the name of a secret; a value that is computed is none of the file's. */
function secretsOfEdits(subject: Subject): readonly Secret[] {
  return subject.routes.flatMap(({ route: { request = [] }, index }) =>
    request.flatMap((edits, which) =>
      EDITED.flatMap(([of, how]) =>
        Object.keys(edits[of]?.[how] ?? {})
          .filter(isSecretName)
          .flatMap((name) => {
            const paths = [[which], []].map((item) => ['routes', index, 'request', ...item, of, how, name]);
            const at = paths.find((path) => LONG_TEXT.test(textAt(findPlaceOf(subject, path))));
            return at === undefined ? [] : [{ value: '', what: `"request.${of}.${how}.${name}"`, at }];
          }),
      ),
    ),
  );
}

const EDITED = [
  ['headers', 'set'],
  ['headers', 'add'],
  ['query', 'set'],
  ['query', 'add'],
] as const;
/** Shorter words are hardly secrets: `internal`, `anonymous`. */
const LONG_TEXT = /^"(?:(?:bearer|basic) )?(?:(?!\$\{)[^"\\ ]){16,}"$/i;

function textAt({ place, isMissing }: ReturnType<typeof findPlaceOf>): string {
  return isMissing ? '' : writtenAt(place);
}

/** Tokens for services, which several gateways make and sign with a key that each of them has for itself. */
export function findLonelyKeys({
  file: { services = {}, serviceTokens },
  routes,
  settings,
}: Subject): readonly Remark[] {
  if (settings?.redisUrl === undefined || serviceTokens === undefined || serviceTokens.key !== undefined) return [];
  const areSent = [...Object.values(services), ...routes.map(({ route }) => route)].some(
    ({ serviceAuth }) => callerField(serviceAuth) !== undefined,
  );
  if (!areSent) return [];
  const message =
    'tokens for services are signed with a key that this process alone has, and there are several gateways';
  return [{ id: 'token-key-of-one-process', at: ['serviceTokens'], message }];
}

function findPlaceOf({ topAt, routes }: Subject, at: readonly PropertyKey[]) {
  const [first, index, ...rest] = at;
  const route = first === 'routes' ? routes.find((each) => each.index === index) : undefined;
  return route === undefined ? findPlace(topAt, at) : findPlace(route.located, rest);
}

/** Whether the text of the file at this place, which is a string, refers to something outside. */
function isReference(place: Place): boolean {
  return /\$\{(?:ENV|FILE):/.test(writtenAt(place));
}

/** The string that is written there, in its quotes. */
function writtenAt({ source, offset }: Place): string {
  return /"(?:[^"\\]|\\.)*"/y.exec(source.text.slice(offset, offset + 16_384))?.[0] ?? '';
}

function secretsOfSettings({ settings }: Subject): readonly Secret[] {
  const { jwt, adminToken } = settings ?? {};
  const named = { JWT_SECRET: jwt?.secret, ADMIN_TOKEN: adminToken };
  return Object.entries(named).flatMap(([setting, value]) =>
    value === undefined ? [] : [{ value, what: setting, at: [], setting }],
  );
}

function secretsOfFile({ file: { issuers = [], introspection, consumers = [] } }: Subject): readonly Secret[] {
  const ofIssuers = issuers.flatMap(({ issuer, secret: value }, index) =>
    value === undefined ? [] : [{ value, what: `the secret of issuer "${issuer}"`, at: ['issuers', index, 'secret'] }],
  );
  const ofHooks = consumers.flatMap(({ name, webhookSecrets = [] }, index) =>
    webhookSecrets.map((value, which) => ({
      value,
      what: `a webhook secret of consumer "${name}"`,
      at: ['consumers', index, 'webhookSecrets', which],
    })),
  );
  const ofSigners = consumers.flatMap(({ name, signatureKeys = [] }, index) =>
    signatureKeys.flatMap(({ secret: value }, which) => {
      if (value === undefined) return [];
      const at = ['consumers', index, 'signatureKeys', which, 'secret'];
      return [{ value, what: `a signature key of consumer "${name}"`, at }];
    }),
  );
  const found = [...ofIssuers, ...ofHooks, ...ofSigners];
  if (introspection === undefined) return found;
  const at = ['introspection', 'clientSecret'];
  return [...found, { value: introspection.clientSecret, what: 'the secret of "introspection"', at }];
}

/** What the gateway proves itself to services with. */
function secretsOfServices({ file: { services = {} }, routes }: Subject): readonly Secret[] {
  const rows = [
    ...Object.entries(services).map(([name, { serviceAuth, tls }]) => ({ serviceAuth, tls, at: ['services', name] })),
    ...routes.map(({ route: { serviceAuth, tls }, index }) => ({ serviceAuth, tls, at: ['routes', index] })),
  ];
  return rows.flatMap(({ serviceAuth, tls, at }) => [
    ...(tls?.key === undefined ? [] : [{ value: '', what: '"tls.key"', at: [...at, 'tls', 'key'] }]),
    ...SERVICE_SECRETS.flatMap((path) => {
      if (!hasPath(serviceAuth, path)) return [];
      return [{ value: '', what: `"serviceAuth.${path.join('.')}"`, at: [...at, 'serviceAuth', ...path] }];
    }),
  ]);
}

const SERVICE_SECRETS = [
  ['oauth2', 'clientSecret'],
  ['aws', 'secretAccessKey'],
  ['header', 'authorization'],
  ['header', 'x-api-key'],
];

function hasPath(value: unknown, path: readonly string[]): boolean {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return false;
    at = (at as Record<string, unknown>)[part];
  }
  return typeof at === 'string';
}
