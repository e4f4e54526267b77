import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GatewayError } from '../../src/errors.ts';
import { forwardablePath } from '../../src/routing/forwardable.ts';
import { normalizeTarget } from '../../src/routing/normalize.ts';
import { createRandom } from '../support/random.ts';
import { asked, tableOf } from '../support/routes.ts';

/**
 * The attack: a path that the gateway takes for a lax route, and the service behind it for a strict one.
 * /admin is strict; everything else is public. The service is the same for all, and sees the whole path.
 */
const table = tableOf('/', '/public', '/files', '/admin', '/public/admin');
const STRICT = ['/admin', '/public/admin'];

type Outcome = { readonly refused: string } | { readonly route: string; readonly sent: string };

function pass(url: string): Outcome {
  try {
    const target = normalizeTarget(url);
    const request = asked(target.path);
    const match = table.find(request);
    if (!match.found) return { refused: 'not_found' };
    const mode = match.route === '/files' ? 'raw' : 'normalized';
    return { route: match.route, sent: forwardablePath(target, mode, match, request, table) };
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    return { refused: error.code };
  }
}

/** The ways in which services were seen to read a path: what they decode, cut off, and resolve first. */
function readings(path: string): string[] {
  const once = decode(path);
  const texts = [path, once, cutParameters(path), decode(cutParameters(path)), cutParameters(once)];
  return texts.flatMap((text) => {
    const slashed = text.replaceAll('\\', '/');
    return [resolve(slashed), resolve(slashed.replace(/\/+/g, '/')), slashed.replace(/\/+/g, '/')];
  });
}

const cutParameters = (path: string) => path.replace(/;[^/]*/g, '');

/** Decodes once, overlong UTF-8 included, as lax decoders do. */
function decode(path: string): string {
  const overlong = path.replace(/%c0%(ae|af)/gi, (_, low: string) => (low.toLowerCase() === 'ae' ? '.' : '/'));
  return overlong.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** RFC 3986, section 5.2.4, to the letter: an empty segment is one that `..` takes back. */
function resolve(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}`;
}

const isUnder = (path: string, prefix: string) => path === prefix || path.startsWith(`${prefix}/`);

/** The strict prefix that some service would see behind a lax route, if any. */
function leak(outcome: Outcome): string | undefined {
  if ('refused' in outcome || STRICT.includes(outcome.route)) return undefined;
  return readings(outcome.sent).find((path) => STRICT.some((prefix) => isUnder(path, prefix)));
}

const SPELLINGS = [
  '/admin',
  '//admin',
  '/./admin',
  '/admin/',
  '/admin/.',
  '/public/../admin',
  '/public/..//admin',
  '/public//../admin',
  '/public/%2e%2e/admin',
  '/public/%2E./admin',
  '/public/..%2fadmin',
  '/public%2f..%2fadmin',
  '/public/..%5cadmin',
  '/public\\..\\admin',
  '/public/..\\admin',
  '/public/..;/admin',
  '/public/..;x=1/admin',
  '/public/..%3b/admin',
  '/public/.;/../admin',
  '/admin;',
  '/admin;x=1/secret',
  '/;/admin',
  '/;x/admin',
  '/public/admin;x',
  '/public;x/admin',
  '/%61dmin',
  '/adm%69n',
  '/%2fadmin',
  '/%2e/admin',
  '/public/%c0%ae%c0%ae/admin',
  '/public/%C0%AF../admin',
  '/public/%e0%80%ae%e0%80%ae/admin',
  '/public/%f0%80%80%ae./admin',
  '/public/%u002e%u002e/admin',
  '/public/%252e%252e/admin',
  '/public/%252e%252e%252fadmin',
  '/public/..%00/admin',
  '/admin%00',
  '/admin%0a',
  '/admin\t',
  '/admin\u0000.html',
  '/public\u0000/../admin',
  '/admin#x',
  '/public#/../admin',
  '/public?/../admin',
  '/public/..?/admin',
  'http://other.example/admin',
  'http://other.example/public/../admin',
  'http://user@other.example/admin',
  '//other.example/admin',
  '/\\other.example/admin',
  '/files/..%2fadmin',
  '/files/%2e%2e%2fadmin',
  '/files/..%2Fadmin',
  '/files/%2e%2E%2Fadmin',
  '/files/../admin',
  '/files%2f..%2fadmin',
  '/files/a%2f..%2f..%2fadmin',
  '/files//..%2f../admin',
  '/files/%3b;x/%2e%2e%2fadmin',
  '/files/;x/..%2fadmin',
  '/files/..;%2fadmin',
  '/files/.%2e%2fadmin',
  '/files/..%5cadmin',
  '//files/..%2fadmin',
  '/public/../files/..%2fadmin',
];

describe('no spelling of a path leads to a strict route through a lax one', () => {
  for (const spelling of SPELLINGS) {
    it(JSON.stringify(spelling), () => {
      assert.equal(leak(pass(spelling)), undefined, JSON.stringify(pass(spelling)));
    });
  }

  it('and plain spellings of the strict route reach the strict route', () => {
    for (const url of [
      '/admin',
      '//admin',
      '/./admin/x',
      '/public/../admin',
      '/%61dmin',
      '/admin/',
      'http://other.example/admin',
    ]) {
      const outcome = pass(url);
      assert.ok('route' in outcome && outcome.route === '/admin', url);
    }
  });

  it('and another case is another path, sent to the route that matches it', () => {
    assert.deepEqual(pass('/ADMIN'), { route: '/', sent: '/ADMIN' });
  });

  it('and twice escaped text stays as it is where it hides no other path', () => {
    assert.deepEqual(pass('/public/%252e%252e/admin'), { refused: 'bad_path' });
    assert.deepEqual(pass('/public/a%252fb'), { route: '/public', sent: '/public/a%252fb' });
  });

  it('however the parts are put together', () => {
    const random = createRandom(3986);
    const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)] ?? '';
    const parts = [
      ...['/', '//', '%2f', '%2F', '\\', '%5c', 'public', 'files', 'a', '%61dmin', '.', '..', '%2e', '%2e%2e', '..;'],
      ...[';', ';x', '%3b', '%c0%ae', '%c0%af', '%25', '%00', '%20', '?', '~', '%7e'],
    ];
    const anyUrl = (few: readonly string[]) => {
      const length = Math.floor(random() * 8);
      return pick(['/', '/public/', '/files/', '/files/']) + Array.from({ length }, () => pick(few)).join('');
    };
    let passed = 0;
    for (let round = 0; round < 500; round += 1) {
      // A few parts at a time: what it takes several of to go wrong comes up often.
      const few = ['admin', '/', ...Array.from({ length: 4 }, () => pick(parts))];
      for (let sample = 0; sample < 150; sample += 1) {
        const url = anyUrl(few);
        const outcome = pass(url);
        if ('route' in outcome) passed += 1;
        assert.equal(leak(outcome), undefined, `${url} ${JSON.stringify(outcome)}`);
      }
    }
    assert.ok(passed > 5_000, `only ${passed} paths were let through: the test would prove nothing`);
  });
});
