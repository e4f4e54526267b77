import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CachedGateway, type Said, startCached } from '../support/cache.ts';
import type { Answer } from '../support/http.ts';
import type { SeenRequest } from '../support/service.ts';

/** What a request must come to: from the store, from the service, or from the store once the service has said so. */
type Outcome = 'stored' | 'asked' | 'validated';

interface Step {
  readonly outcome: Outcome;
  /** Seconds that pass before. */
  readonly after?: number;
  readonly method?: string;
  /** Beside the path of the case. */
  readonly at?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** Default 200. */
  readonly status?: number;
  /** Fields that the answer must have; null: must not have. A pattern is looked for in the value. */
  readonly has?: Readonly<Record<string, string | RegExp | null>>;
  readonly text?: string;
  /** Fields that the service must have been told; null: must not. */
  readonly told?: Readonly<Record<string, string | null>>;
  /** What the service answers from here on, where that changes. */
  readonly says?: Said | ((gateway: CachedGateway) => Said);
}

/** Where it stands, what it asks for, and the requests by which that is seen. */
type Rule = readonly [where: string, what: string, ...steps: Step[]];

const says = (cacheControl: string, headers: Said['headers'] = {}, rest: Omit<Said, 'headers'> = {}): Said => ({
  ...rest,
  headers: { ...(cacheControl === '' ? {} : { 'cache-control': cacheControl }), ...headers },
});
const first = (said: Step['says'], step: Partial<Step> = {}): Step => ({
  outcome: 'asked',
  ...(said && { says: said }),
  ...step,
});
const stored = (step: Partial<Step> = {}): Step => ({ outcome: 'stored', ...step });
const asked = (step: Partial<Step> = {}): Step => ({ outcome: 'asked', ...step });
const validated = (step: Partial<Step> = {}): Step => ({ outcome: 'validated', ...step });

/** Stored for an hour, with these fields besides. */
const hour = (headers: Said['headers'] = {}): Said => says('max-age=3600', headers);
const aged = (age: string | readonly string[], seconds = 3600): Said => says(`max-age=${seconds}`, { age });
const expires = (value: string | readonly string[]): Said => says('', { expires: value });
const cdn = (value: string, cacheControl = '', headers: Said['headers'] = {}): Said =>
  says(cacheControl, { 'cdn-cache-control': value, ...headers });
const varies = (vary: string | readonly string[]): Said => hour({ vary });

/**
 * Every MUST, MUST NOT, SHOULD and SHOULD NOT of RFC 9111, of RFC 9110 sections 8.8, 13 and 14, RFC 9213 and RFC 5861
 * that is for a shared cache; a sentence is named by its section.
 */
const RULES: readonly Rule[] = [
  // RFC 9111, section 3: storing
  ['RFC 9111, 3', 'what has a lifetime is stored', first(hour()), stored({ after: 3 })],
  ['RFC 9111, 3', 'what says nothing of its freshness is not', first(says('')), asked()],
  ['RFC 9111, 3', 'no answer to a method but GET is', first(hour(), { method: 'POST', body: 'x' }), asked()],
  ['RFC 9111, 3', 'no-store is not stored', first(says('no-store')), asked()],
  ['RFC 9111, 3', 'nor beside a lifetime, in any case', first(says('max-age=3600, No-StOrE')), asked()],
  ['RFC 9111, 3', 'private is not stored', first(says('private, max-age=3600')), asked()],
  [
    'RFC 9111, 3',
    'a status that nobody knows is, with a lifetime',
    first(hour() && { ...hour(), status: 299 }, { status: 299 }),
    stored({ status: 299 }),
  ],
  [
    'RFC 9111, 3',
    'a 404 with a lifetime is',
    first({ ...hour(), status: 404 }, { status: 404 }),
    stored({ status: 404 }),
  ],
  [
    'RFC 9111, 3',
    'a redirect with a lifetime is',
    first({ ...hour(), status: 302 }, { status: 302 }),
    stored({ status: 302 }),
  ],
  [
    'RFC 9111, 3',
    'an error with a lifetime is',
    first({ ...hour(), status: 503 }, { status: 503 }),
    stored({ status: 503 }),
  ],
  [
    'RFC 9111, 3.1',
    'fields of the connection are not',
    first(hour({ connection: 'a, keep-alive', a: '1', c: '3' })),
    stored({ has: { a: null, c: '3' } }),
  ],
  [
    'RFC 9111, 3.1',
    'nor those of a proxy',
    first(hour({ 'proxy-authentication-info': 'x' })),
    stored({ has: { 'proxy-authentication-info': null } }),
  ],
  [
    'RFC 9111, 3.1',
    'all others are, unknown ones too',
    first(hour({ 'x-test': '1', 'content-foo': '2' })),
    stored({ has: { 'x-test': '1', 'content-foo': '2' } }),
  ],
  [
    'RFC 9111, 3.4',
    'a part is not stored',
    first(
      { ...hour({ 'content-range': 'bytes 0-1/9' }), status: 206 },
      { status: 206, headers: { range: 'bytes=0-1' } },
    ),
    asked({ status: 206 }),
  ],
  [
    'RFC 9111, 3.5',
    'an answer to an Authorization is not reused',
    first(hour(), { headers: { authorization: 'x' } }),
    asked(),
  ],
  [
    'RFC 9111, 3.5',
    'but where it is public',
    first(says('public, max-age=3600'), { headers: { authorization: 'x' } }),
    stored(),
  ],

  // 4.1: Vary
  [
    'RFC 9111, 4.1',
    'the same values select it',
    first(varies('Foo'), { headers: { foo: '1' } }),
    stored({ headers: { foo: '1' } }),
  ],
  [
    'RFC 9111, 4.1',
    'other values do not',
    first(varies('Foo'), { headers: { foo: '1' } }),
    asked({ headers: { foo: '2' } }),
  ],
  ['RFC 9111, 4.1', 'a missing field is none that is there', first(varies('Foo')), asked({ headers: { foo: '1' } })],
  ['RFC 9111, 4.1', 'nor the other way round', first(varies('Foo'), { headers: { foo: '1' } }), asked()],
  [
    'RFC 9111, 4.1',
    'both missing are the same',
    first(varies('Foo, Bar'), { headers: { foo: '1' } }),
    stored({ headers: { foo: '1' } }),
  ],
  [
    'RFC 9111, 4.1',
    'each of several counts',
    first(varies('Foo, Bar, Baz'), { headers: { foo: '1', bar: '2', baz: '3' } }),
    asked({ headers: { foo: '1', baz: '3', bar: '4' } }),
  ],
  [
    'RFC 9111, 4.1',
    'variants are stored beside each other',
    first(varies('Foo'), { headers: { foo: '1' } }),
    asked({ headers: { foo: '2' } }),
    stored({ headers: { foo: '1' } }),
    stored({ headers: { foo: '2' } }),
  ],
  [
    'RFC 9111, 4.1',
    'fields that Vary does not name do not count',
    first(varies('Foo'), { headers: { foo: '1', other: '2' } }),
    stored({ headers: { foo: '1', other: '3' } }),
  ],
  [
    'RFC 9111, 4.1',
    'lines and blanks do not count',
    first(varies('Foo'), { headers: { foo: '1, 2' } }),
    stored({ headers: { foo: ['1', '2'] } }),
    stored({ headers: { foo: ' 1,2 ' } }),
  ],
  [
    'RFC 9111, 4.1',
    'the case of languages does not',
    first(varies('Accept-Language'), { headers: { 'accept-language': 'en, de' } }),
    stored({ headers: { 'accept-language': 'EN,De' } }),
  ],
  ...['*', '*, *', ', *', '*, Foo', 'Foo, *', ['', '*'], ['*', '*']].map(
    (vary): Rule => ['RFC 9111, 4.1', `Vary ${JSON.stringify(vary)} never matches`, first(varies(vary)), asked()],
  ),

  // 4.2: freshness
  ['RFC 9111, 4.2', 'what is stale is not used', first(says('max-age=2')), asked({ after: 3 })],
  ['RFC 9111, 4.2.1', 's-maxage is longer', first(says('max-age=1, s-maxage=3600')), stored({ after: 3 })],
  ['RFC 9111, 4.2.1', 's-maxage is shorter', first(says('max-age=3600, s-maxage=1')), asked({ after: 3 })],
  [
    'RFC 9111, 4.2.1',
    's-maxage on a line of its own',
    first({ headers: { 'cache-control': ['max-age=3600', 's-maxage=1'] } }),
    asked({ after: 3 }),
  ],
  [
    'RFC 9111, 4.2.1',
    'max-age wins over Expires',
    first((g) => says('max-age=3600', { expires: g.date(-7200) })),
    stored({ after: 3 }),
  ],
  [
    'RFC 9111, 4.2.1',
    'max-age=0 wins over Expires',
    first((g) => says('max-age=0', { expires: g.date(7200) })),
    asked({ after: 1 }),
  ],
  [
    'RFC 9111, 4.2.1',
    'max-age wins over an Expires that is none',
    first(says('max-age=3600', { expires: '0' })),
    stored({ after: 3 }),
  ],
  ['RFC 9111, 4.2.1', 'of two the shorter one', first(says('max-age=1800, max-age=1')), asked({ after: 3 })],
  ...['-3600', "'3600'", '3600.0', 'a', '3600a', '', '"'].map(
    (value): Rule => [
      'RFC 9111, 4.2.1',
      `max-age=${value} is stale`,
      first(says(`max-age=${value}`)),
      asked({ after: 1 }),
    ],
  ),
  ...['3600', '003600', '"3600"', '2147483648', '99999999999'].map(
    (value): Rule => [
      'RFC 9111, 1.2.2',
      `max-age=${value} is fresh`,
      first(says(`MaX-aGe=${value}, foobar`)),
      stored({ after: 3 }),
    ],
  ),
  [
    'RFC 9111, 5.2',
    'what stands in quotes is no directive',
    first(says('extension="max-age=3600", max-age=1')),
    asked({ after: 3 }),
  ],
  ['RFC 9111, 5.2', 'nor behind the real one', first(says('max-age=1, extension="max-age=3600"')), asked({ after: 3 })],
  [
    'RFC 9111, 4.2.2',
    'nothing is guessed',
    first((g) => says('', { 'last-modified': g.date(-86_400) })),
    asked({ after: 1 }),
  ],
  ['RFC 9111, 4.2.3', 'age counts from the date', first((g) => says('max-age=3600', { date: g.date(-7200) })), asked()],
  ['RFC 9111, 4.2.3', 'Age counts', first(aged('7200')), asked()],
  [
    'RFC 9111, 4.2.3',
    'Age counts with Expires',
    first((g) => says('', { date: g.date(10), expires: g.date(20), age: '15' })),
    asked(),
  ],
  ['RFC 9111, 4.2.4', 'nothing stale where the service is silent', first(says('max-age=1')), asked({ after: 2 })],

  // 4.3: validation
  [
    'RFC 9111, 4.3.1',
    'a tag is asked for',
    first(says('max-age=2', { etag: '"a"' })),
    validated({ after: 3, says: { status: 304, headers: { etag: '"a"' } }, told: { 'if-none-match': '"a"' } }),
  ],
  [
    'RFC 9111, 4.3.1',
    'a weak one as it is',
    first(says('max-age=2', { etag: 'W/"a"' })),
    validated({ after: 3, says: { status: 304, headers: { etag: 'W/"a"' } }, told: { 'if-none-match': 'W/"a"' } }),
  ],
  [
    'RFC 9111, 4.3.1',
    'a date is asked for',
    first(says('max-age=2', { 'last-modified': 'Wed, 01 Jan 2020 00:00:00 GMT' })),
    validated({ after: 3, says: { status: 304 }, told: { 'if-modified-since': 'Wed, 01 Jan 2020 00:00:00 GMT' } }),
  ],
  [
    'RFC 9111, 4.3.1',
    'the tags of the client are asked for as well',
    first(says('max-age=2', { etag: '"a"' })),
    validated({
      after: 3,
      headers: { 'if-none-match': '"b"' },
      says: { status: 304, headers: { etag: '"a"' } },
      told: { 'if-none-match': '"a", "b"' },
    }),
  ],
  [
    'RFC 9111, 4.3.1',
    'not a tag of another variant',
    first(says('max-age=2', { etag: '"a"', vary: 'Foo' }), { headers: { foo: '1' } }),
    asked({ after: 3, headers: { foo: '2' }, told: { 'if-none-match': null } }),
  ],
  [
    'RFC 9111, 4.3.2',
    'a tag of the client that is ours: 304',
    first(hour({ etag: '"a"' })),
    stored({ headers: { 'if-none-match': '"a"' }, status: 304, has: { etag: '"a"' }, text: '' }),
  ],
  [
    'RFC 9111, 4.3.2',
    'If-None-Match goes before If-Modified-Since',
    first(hour({ etag: '"a"', 'last-modified': 'Wed, 01 Jan 2020 00:00:00 GMT' })),
    stored({ headers: { 'if-none-match': '"b"', 'if-modified-since': 'Wed, 01 Jan 2020 00:00:00 GMT' } }),
  ],
  [
    'RFC 9111, 4.3.2',
    'unmodified since: 304',
    first(hour({ 'last-modified': 'Wed, 01 Jan 2020 00:00:00 GMT' })),
    stored({ headers: { 'if-modified-since': 'Wed, 01 Jan 2020 00:00:01 GMT' }, status: 304 }),
  ],
  [
    'RFC 9111, 4.3.2',
    'modified since: 200',
    first(hour({ 'last-modified': 'Wed, 01 Jan 2020 00:00:00 GMT' })),
    stored({ headers: { 'if-modified-since': 'Tue, 31 Dec 2019 00:00:00 GMT' } }),
  ],
  [
    'RFC 9111, 4.3.2',
    'If-Match is for the service',
    first(hour({ etag: '"a"' })),
    asked({ headers: { 'if-match': '"a"' } }),
  ],
  [
    'RFC 9111, 4.3.3',
    'an answer to a question of ours takes its place',
    first(says('max-age=2', { etag: '"a"' })),
    asked({ after: 3, says: hour({ etag: '"b"' }), text: 'answer 2' }),
    stored({ text: 'answer 2' }),
  ],
  [
    'RFC 9111, 4.3.4',
    'a 304 freshens',
    first(says('max-age=2', { etag: '"a"' })),
    validated({
      after: 3,
      says: { status: 304, headers: { etag: '"a"', 'cache-control': 'max-age=9' } },
      text: 'answer 1',
    }),
    stored({ after: 3, text: 'answer 1' }),
  ],
  [
    'RFC 9111, 4.3.4',
    'a 304 for a tag of the client freshens nothing',
    first(says('max-age=2', { etag: '"a"' })),
    asked({
      after: 3,
      headers: { 'if-none-match': '"b"' },
      says: { status: 304, headers: { etag: '"b"' } },
      status: 304,
    }),
    asked({ says: hour(), told: { 'if-none-match': null } }),
  ],
  [
    'RFC 9111, 3.2',
    'a 304 updates fields',
    first(says('max-age=2', { etag: '"a"', x: '1', y: '1' })),
    validated({ after: 3, says: { status: 304, headers: { etag: '"a"', x: '2' } }, has: { x: '2', y: '1' } }),
  ],
  [
    'RFC 9111, 3.2',
    'but not those of the body',
    first(says('max-age=2', { etag: '"a"' })),
    validated({
      after: 3,
      says: { status: 304, headers: { etag: '"a"', 'content-encoding': 'gzip' } },
      has: { 'content-encoding': null, 'content-length': '8' },
    }),
  ],
  [
    'RFC 9111, 3.2',
    'nor a digest of the body',
    first(says('max-age=2', { etag: '"a"', 'content-digest': 'sha-256=:YQ==:', 'content-md5': 'YQ==' })),
    validated({
      after: 3,
      says: { status: 304, headers: { etag: '"a"', 'content-digest': 'sha-256=:Yg==:', 'content-md5': 'Yg==' } },
      has: { 'content-digest': 'sha-256=:YQ==:', 'content-md5': 'YQ==' },
    }),
  ],
  [
    'RFC 9111, 4.3.5',
    'a HEAD freshens',
    first(says('max-age=2', { etag: '"a"', x: '1' })),
    asked({ after: 3, method: 'HEAD', says: says('max-age=100', { etag: '"a"', x: '2' }), text: '' }),
    stored({ has: { x: '2' }, text: 'answer 1' }),
  ],
  [
    'RFC 9111, 4.3.5',
    'a HEAD that tells of another body invalidates',
    first(says('max-age=2', { etag: '"a"' })),
    asked({ after: 3, method: 'HEAD', says: hour({ etag: '"b"' }) }),
    asked({ text: 'answer 3', told: { 'if-none-match': null } }),
  ],
  [
    'RFC 9110, 9.3.2',
    'a HEAD is answered from a GET',
    first(hour()),
    stored({ method: 'HEAD', text: '', has: { 'content-length': '8' } }),
  ],
  ['RFC 9110, 9.3.2', 'a GET is not answered from a HEAD', first(hour(), { method: 'HEAD' }), asked()],

  // 4.4: invalidation
  ...['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH'].map(
    (method): Rule => ['RFC 9111, 4.4', `${method} invalidates`, first(hour()), asked({ method, body: 'x' }), asked()],
  ),
  [
    'RFC 9111, 4.4',
    'so does one that redirects',
    first(hour()),
    asked({ method: 'POST', says: { status: 303, headers: { location: '/elsewhere' } }, status: 303 }),
    asked({ says: hour() }),
  ],
  [
    'RFC 9111, 4.4',
    'one that fails does not',
    first(hour()),
    asked({ method: 'POST', says: { status: 500 }, status: 500 }),
    stored(),
  ],
  [
    'RFC 9111, 4.4',
    'Location names more',
    first(hour(), { at: '/x' }),
    asked({ method: 'POST', says: { status: 201, headers: { location: 'PATH/x' } }, status: 201 }),
    asked({ at: '/x', says: hour() }),
  ],
  [
    'RFC 9111, 4.4',
    'Content-Location names more',
    first(hour(), { at: '/x' }),
    asked({ method: 'POST', says: { headers: { 'content-location': 'PATH/x' } } }),
    asked({ at: '/x', says: hour() }),
  ],
  [
    'RFC 9111, 4.4',
    'but nothing on another host',
    first(hour(), { at: '/x' }),
    asked({ method: 'POST', says: { headers: { 'content-location': 'http://other.example/PATH/x' } } }),
    stored({ at: '/x' }),
  ],
  ['RFC 9111, 4.4', 'OPTIONS does not invalidate', first(hour()), asked({ method: 'OPTIONS' }), stored()],

  // 5.1: Age
  ['RFC 9111, 5.1', 'Age is told', first(hour()), stored({ after: 5, has: { age: '5' } })],
  ['RFC 9111, 5.1', 'on top of the one that came', first(aged('30')), stored({ after: 5, has: { age: '35' } })],
  ...['abc', '-7200', '7200.0', '0, 7200', '0, 0'].map(
    (age): Rule => ['RFC 9111, 5.1', `Age: ${age} is fresh`, first(aged(age)), stored()],
  ),
  ['RFC 9111, 5.1', 'of two lines the first one, fresh', first(aged(['0', '7200'])), stored()],
  ['RFC 9111, 5.1', 'of two lines the first one, stale', first(aged(['7200', '0'])), asked()],
  ...['7200, 0', '2147483647', '2147483648', '2147483649'].map(
    (age): Rule => ['RFC 9111, 5.1', `Age: ${age} is stale`, first(aged(age)), asked()],
  ),

  // 5.2.1: directives of clients
  [
    'RFC 9111, 5.2.1.1',
    'max-age: not older',
    first(hour()),
    asked({ after: 3, headers: { 'cache-control': 'max-age=1' } }),
  ],
  [
    'RFC 9111, 5.2.1.1',
    'max-age: young enough',
    first(hour()),
    stored({ after: 3, headers: { 'cache-control': 'max-age=10' } }),
  ],
  [
    'RFC 9111, 5.2.1.2',
    'max-stale: so stale',
    first(says('max-age=2')),
    stored({ after: 5, headers: { 'cache-control': 'max-stale=100' } }),
  ],
  [
    'RFC 9111, 5.2.1.2',
    'max-stale: however stale',
    first(says('max-age=2', { etag: '"a"' })),
    stored({ after: 500, headers: { 'cache-control': 'max-stale' } }),
  ],
  [
    'RFC 9111, 5.2.1.2',
    'max-stale: not that stale',
    first(says('max-age=2')),
    asked({ after: 500, headers: { 'cache-control': 'max-stale=100' } }),
  ],
  [
    'RFC 9111, 5.2.1.3',
    'min-fresh: fresh for longer',
    first(says('max-age=100')),
    asked({ headers: { 'cache-control': 'min-fresh=200' } }),
  ],
  ['RFC 9111, 5.2.1.4', 'no-cache: asked', first(hour()), asked({ headers: { 'cache-control': 'no-cache' } })],
  [
    'RFC 9111, 5.2.1.4',
    'no-cache: validated',
    first(hour({ etag: '"a"' })),
    validated({ headers: { 'cache-control': 'no-cache' }, says: { status: 304, headers: { etag: '"a"' } } }),
  ],
  ['RFC 9111, 5.2.1.5', 'no-store: not stored', first(hour(), { headers: { 'cache-control': 'no-store' } }), asked()],
  [
    'RFC 9111, 5.2.1.7',
    'only-if-cached: stored',
    first(hour()),
    stored({ headers: { 'cache-control': 'only-if-cached' } }),
  ],
  ['RFC 9111, 5.2.1.7', 'only-if-cached: 504', stored({ status: 504, headers: { 'cache-control': 'only-if-cached' } })],
  [
    'RFC 9111, 5.2.1.7',
    'only-if-cached: nothing stale',
    first(says('max-age=1')),
    stored({ after: 2, status: 504, headers: { 'cache-control': 'only-if-cached' } }),
  ],

  // 5.2.2: directives of services
  ['RFC 9111, 5.2.2.2', 'must-revalidate: fresh', first(says('max-age=100, must-revalidate')), stored()],
  [
    'RFC 9111, 5.2.2.2',
    'must-revalidate: never stale',
    first(says('max-age=1, must-revalidate, stale-while-revalidate=100, stale-if-error=100')),
    asked({ after: 2, headers: { 'cache-control': 'max-stale' }, says: { status: 503 }, status: 503 }),
  ],
  [
    'RFC 9111, 5.2.2.8',
    'proxy-revalidate: never stale',
    first(says('max-age=1, proxy-revalidate, stale-if-error=100')),
    asked({ after: 2, says: { status: 503 }, status: 503 }),
  ],
  [
    'RFC 9111, 5.2.2.10',
    's-maxage: never stale',
    first(says('s-maxage=1, stale-if-error=100')),
    asked({ after: 2, says: { status: 503 }, status: 503 }),
  ],
  [
    'RFC 9111, 5.2.2.3',
    'must-understand: a status that nobody knows',
    first({ ...says('max-age=3600, no-store, must-understand'), status: 599 }, { status: 599 }),
    asked({ status: 599 }),
  ],
  [
    'RFC 9111, 5.2.2.3',
    'must-understand: a known one',
    first(says('max-age=3600, no-store, must-understand')),
    stored(),
  ],
  ['RFC 9111, 5.2.2.4', 'no-cache: asked each time', first(says('max-age=100, No-CaChE')), asked()],
  [
    'RFC 9111, 5.2.2.4',
    'no-cache: validated each time',
    first(says('no-cache', { etag: '"a"' })),
    validated({ says: { status: 304, headers: { etag: '"a"', 'cache-control': 'no-cache' } } }),
    validated(),
  ],
  [
    'RFC 9111, 5.2.2.4',
    'no-cache with names: without these fields',
    first(says('max-age=100, no-cache="a, B"', { a: '1', b: '2', c: '3' })),
    stored({ has: { a: null, b: null, c: '3' } }),
  ],
  ['RFC 9111, 5.2.2.7', 'private with names: not stored', first(says('max-age=100, private="a"', { a: '1' })), asked()],

  // 5.3: Expires
  ['RFC 9111, 5.3', 'in the future', first((g) => expires(g.date(3600))), stored({ after: 3 })],
  ['RFC 9111, 5.3', 'in the past', first((g) => expires(g.date(-3600))), asked()],
  ['RFC 9111, 5.3', 'now', first((g) => expires(g.date(0))), asked()],
  [
    'RFC 9111, 5.3',
    'before a date that is fast',
    first((g) => says('', { date: g.date(400), expires: g.date(300) })),
    asked(),
  ],
  ...[
    'Tue, 19 Jan 2038 14:14:08 GMT',
    'Sun, 21 Nov 2286 04:46:39 GMT',
    'Thursday, 18-Aug-50 02:01:18 GMT',
    'Thu Aug  8 02:01:18 2050',
    'THU, 18 AUG 2050 02:01:18 gMT',
  ].map((date): Rule => ['RFC 9110, 5.6.7', `Expires: ${date} is a date`, first(expires(date)), stored({ after: 3 })]),
  ...[
    '0',
    'Thu, 18 Aug 2050 02:01:18 UTC',
    'Thu, 18 Aug 2050 02:01:18 AEST',
    'Thu, 18 Aug 50 02:01:18 GMT',
    'Thu 18 Aug 2050 02:01:18 GMT',
    'Thu, 18  Aug  2050 02:01:18 GMT',
    'Thu, 18-Aug-2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 02.01.18 GMT',
    'Thu, 18 Aug 2050 2:01:18 GMT',
    'Thu, 31 Feb 2050 02:01:18 GMT',
  ].map((date): Rule => ['RFC 9111, 5.3', `Expires: ${date} is none, and past`, first(expires(date)), asked()]),
  [
    'RFC 9111, 5.3',
    'two of them are none',
    first(expires(['Thu, 18 Aug 2050 02:01:18 GMT', 'Thu, 18 Aug 2050 02:01:19 GMT'])),
    asked(),
  ],
  ['RFC 9111, 5.4', 'Pragma: no-cache of a client', first(hour()), asked({ headers: { pragma: 'no-cache' } })],
  [
    'RFC 9111, 5.4',
    'Pragma means nothing beside Cache-Control',
    first(hour()),
    stored({ headers: { pragma: 'no-cache', 'cache-control': 'foo' } }),
  ],
  [
    'RFC 9110, 6.6.1',
    'Date stays',
    first((g) => says('max-age=3600', { date: g.date(-60) })),
    stored({ after: 5, has: { age: '65' } }),
  ],

  // RFC 9110, section 14: ranges
  [
    'RFC 9110, 14.2',
    'the first bytes',
    first(hour()),
    stored({ headers: { range: 'bytes=0-1' }, status: 206, text: 'an', has: { 'content-range': 'bytes 0-1/8' } }),
  ],
  ['RFC 9110, 14.2', 'from one on', first(hour()), stored({ headers: { range: 'bytes=6-' }, status: 206, text: ' 1' })],
  [
    'RFC 9110, 14.2',
    'the last ones',
    first(hour()),
    stored({ headers: { range: 'bytes=-3' }, status: 206, text: 'r 1' }),
  ],
  [
    'RFC 9110, 14.2',
    'more than there are',
    first(hour()),
    stored({ headers: { range: 'bytes=6-99' }, status: 206, text: ' 1', has: { 'content-range': 'bytes 6-7/8' } }),
  ],
  [
    'RFC 9110, 15.5.17',
    'none that is there',
    first(hour()),
    stored({ headers: { range: 'bytes=99-' }, status: 416, has: { 'content-range': 'bytes */8' } }),
  ],
  ...['bytes=2-1', 'bytes=x', 'lines=0-1', 'bytes=0-1,3-4'].map(
    (range): Rule => [
      'RFC 9110, 14.2',
      `${range}: all of it`,
      first(hour()),
      stored({ headers: { range }, text: 'answer 1' }),
    ],
  ),
  ['RFC 9110, 14.2', 'a HEAD has no range', first(hour()), stored({ method: 'HEAD', headers: { range: 'bytes=0-1' } })],
  [
    'RFC 9110, 13.1.5',
    'If-Range that holds',
    first(hour({ etag: '"a"' })),
    stored({ headers: { range: 'bytes=0-1', 'if-range': '"a"' }, status: 206 }),
  ],
  [
    'RFC 9110, 13.1.5',
    'If-Range that does not',
    first(hour({ etag: '"a"' })),
    stored({ headers: { range: 'bytes=0-1', 'if-range': '"b"' }, text: 'answer 1' }),
  ],
  [
    'RFC 9110, 13.1.5',
    'If-Range with a weak tag never does',
    first(hour({ etag: 'W/"a"' })),
    stored({ headers: { range: 'bytes=0-1', 'if-range': 'W/"a"' } }),
  ],
  [
    'RFC 9110, 13.1.5',
    'If-Range with the date',
    first(hour({ 'last-modified': 'Wed, 01 Jan 2020 00:00:00 GMT' })),
    stored({ headers: { range: 'bytes=0-1', 'if-range': 'Wed, 01 Jan 2020 00:00:00 GMT' }, status: 206 }),
  ],
  [
    'RFC 9110, 13.1.2',
    'tags are compared weakly',
    first(hour({ etag: 'W/"a"' })),
    stored({ headers: { 'if-none-match': '"x", "a"' }, status: 304 }),
  ],
  [
    'RFC 9110, 13.1.2',
    'a star is every one',
    first(hour({ etag: '"a"' })),
    stored({ headers: { 'if-none-match': '*' }, status: 304 }),
  ],
  [
    'RFC 9110, 13.1.3',
    'a date that is none is not looked at',
    first(hour({ 'last-modified': 'Wed, 01 Jan 2020 00:00:00 GMT' })),
    stored({ headers: { 'if-modified-since': 'yesterday' } }),
  ],
  [
    'RFC 9110, 13.2.1',
    'no precondition on an error',
    first({ ...hour({ etag: '"a"' }), status: 404 }, { status: 404 }),
    stored({ headers: { 'if-none-match': '"a"' }, status: 404 }),
  ],

  // RFC 9213
  ['RFC 9213, 2.1', 'targeted max-age', first(cdn('max-age=3600')), stored({ after: 3 })],
  ['RFC 9213, 2.1', 'it wins, longer', first(cdn('max-age=3600', 'max-age=1')), stored({ after: 3 })],
  ['RFC 9213, 2.1', 'it wins, shorter', first(cdn('max-age=1', 'max-age=3600')), asked({ after: 3 })],
  ['RFC 9213, 2.1', 'it wins over no-store', first(cdn('max-age=3600', 'no-store')), stored()],
  ['RFC 9213, 2.1', 'it wins over Expires', first(cdn('max-age=3600', '', { expires: '0' })), stored()],
  [
    'RFC 9213, 2.1',
    'Expires does not count beside it',
    first((g) => cdn('max-age=0', '', { expires: g.date(3600) })),
    asked({ after: 1 }),
  ],
  ['RFC 9213, 2.1', 'Age counts', first(cdn('max-age=3600', '', { age: '7200' })), asked()],
  ['RFC 9213, 2.1', 'targeted private', first(cdn('private', 'max-age=3600')), asked()],
  ['RFC 9213, 2.1', 'targeted no-cache', first(cdn('no-cache', 'max-age=3600')), asked()],
  ['RFC 9213, 2.1', 'targeted no-store', first(cdn('no-store', 'max-age=3600')), asked()],
  ['RFC 9213, 2.2', 'unknown directives', first(cdn('foobar, max-age=3600;x=1')), stored()],
  ...[
    'max-age=10000, &&&&&',
    'max-age="10000"',
    'MaX-aGe=10000',
    'max-age =10000',
    'max-age= 10000',
    'max-age=-1',
    'max-age=1.5',
    '',
    'max-age=10000,',
  ].map(
    (value): Rule => ['RFC 9213, 2.2', `${JSON.stringify(value)} is ignored`, first(cdn(value, 'no-store')), asked()],
  ),

  // RFC 5861
  ['RFC 5861, 3', 'not beyond its time', first(says('max-age=1, stale-while-revalidate=4')), asked({ after: 6 })],
  [
    'RFC 5861, 4',
    'an error is answered with what is stale',
    first(says('max-age=1, stale-if-error=60')),
    validatedBy503(),
  ],
  [
    'RFC 5861, 4',
    'not beyond its time',
    first(says('max-age=1, stale-if-error=60')),
    asked({ after: 62, says: { status: 503 }, status: 503 }),
  ],
  [
    'RFC 5861, 4',
    'a 404 is no error',
    first(says('max-age=1, stale-if-error=60')),
    asked({ after: 3, says: { status: 404 }, status: 404 }),
  ],
  [
    'RFC 5861, 4',
    'the client may say so',
    first(says('max-age=1', { etag: '"a"' })),
    asked({ after: 3, headers: { 'cache-control': 'stale-if-error=60' }, says: { status: 503 }, text: 'answer 1' }),
  ],

  // RFC 9211, and what is ours
  [
    'RFC 9211, 2',
    'a hit and its time',
    first(says('max-age=100')),
    stored({ after: 3, has: { 'cache-status': 'turnpike; hit; ttl=97', 'x-cache': 'HIT' } }),
  ],
  [
    'RFC 9211, 2',
    'behind those of others',
    first(says('max-age=100', { 'cache-status': 'inner; hit' }), {
      has: { 'cache-status': 'inner; hit, turnpike; fwd=uri-miss; stored' },
    }),
  ],
  [
    'RFC 9211, 2',
    'a variant that is missing',
    first(varies('Foo')),
    asked({ headers: { foo: '1' }, has: { 'cache-status': /fwd=vary-miss/ } }),
  ],
  [
    'RFC 9211, 2',
    'why not',
    first(says('max-age=1')),
    asked({ after: 2, has: { 'cache-status': /fwd=stale/, 'x-cache': 'EXPIRED' } }),
    asked({ headers: { 'cache-control': 'no-cache' }, has: { 'cache-status': /fwd=request/ } }),
    asked({ method: 'PUT', has: { 'cache-status': /fwd=method/ } }),
  ],
  ['the issue', 'Set-Cookie is never stored', first(hour({ 'set-cookie': 'a=b' })), asked()],
  ['the issue', 'a stream of events is never stored', first(hour({ 'content-type': 'text/event-stream' })), asked()],
  [
    'the issue',
    'x-cache-timeout',
    first({ headers: { 'x-cache-timeout': '1 hour' } }, { has: { 'x-cache-timeout': null } }),
    stored({ after: 3000, has: { 'x-cache-timeout': null } }),
    asked({ after: 1000 }),
  ],
  ['the issue', 'not against no-store', first(says('no-store', { 'x-cache-timeout': '1 hour' })), asked()],
  [
    'the issue',
    'words of the service are not shown',
    first(hour({ 'x-cache-hit': '1', 'x-cache-expire': 'nothing' }), {
      has: { 'x-cache-hit': null, 'x-cache-expire': null },
    }),
    stored({ has: { 'x-cache-hit': null } }),
  ],
];

function validatedBy503(): Step {
  return {
    outcome: 'asked',
    after: 3,
    says: { status: 503 },
    text: 'answer 1',
    has: { 'x-cache': 'STALE', 'cache-status': /fwd=stale; fwd-status=503/ },
  };
}

test('the rules of HTTP for caches', async (t) => {
  const gateway = await startCached(t);
  for (const [index, [where, what, ...steps]] of RULES.entries()) {
    await t.test(`${where}: ${what}`, async () => {
      await play(gateway, `/rule-${index}`, steps);
    });
  }
});

async function play(gateway: CachedGateway, path: string, steps: readonly Step[]): Promise<void> {
  let now: Said = {};
  const places = new Set(steps.map(({ at = '' }) => at));
  const seen = new Map([...places].map((place) => [place, gateway.script(path + place, () => now)]));
  for (const [number, step] of steps.entries()) {
    const { after = 0, at = '', method = 'GET', headers = {}, body, says: said } = step;
    gateway.pass(after);
    if (said !== undefined) now = placed(typeof said === 'function' ? said(gateway) : said, path);
    const requests = seen.get(at) as () => readonly SeenRequest[];
    const before = requests().length;
    const answer = await gateway.get(path + at, headers, { method, ...(body !== undefined && { body }) });
    const where = `step ${number + 1}: ${answer.headers['cache-status']}`;
    assert.equal(requests().length - before, step.outcome === 'stored' ? 0 : 1, where);
    checkTold(requests().at(-1)?.headers ?? {}, step, where);
    checkAnswer(answer, step, where);
  }
}

function checkTold(told: SeenRequest['headers'], { outcome, told: expected = {} }: Step, where: string): void {
  if (outcome === 'validated') assert.ok(told['if-none-match'] ?? told['if-modified-since'], where);
  for (const [name, value] of Object.entries(expected)) assert.equal(told[name] ?? null, value, `${where}, ${name}`);
}

function checkAnswer(answer: Answer, { status = 200, has = {}, text }: Step, where: string): void {
  assert.equal(answer.status, status, where);
  if (text !== undefined) assert.equal(answer.text, text, where);
  for (const [name, value] of Object.entries(has)) {
    const actual = answer.headers[name] ?? null;
    if (value instanceof RegExp) assert.match(String(actual), value, where);
    else assert.equal(actual, value, `${where}, ${name}`);
  }
}

/** `PATH` in a field is the path of the case. */
function placed(said: Said, path: string): Said {
  const fields = Object.entries(said.headers ?? {});
  return {
    ...said,
    headers: Object.fromEntries(
      fields.map(([name, value]) => [
        name,
        typeof value === 'string' ? value.replace('/PATH', path).replace('PATH', path) : value,
      ]),
    ),
  };
}
