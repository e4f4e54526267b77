import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../../../src/auth/identity.ts';
import { baseOf, readComponents } from '../../../../src/auth/signed/component.ts';
import { isInnerList, parseDictionary, spell } from '../../../../src/auth/signed/structured.ts';
import { createRequest } from '../../../support/auth.ts';
import { EXAMPLES } from '../../../support/rfc9421.ts';

type Fields = readonly (readonly [string, string])[];

/** The signature base of a request, or why there is none. */
function build(input: string, headers: Fields, { method = 'GET', url = 'http://example.com/' } = {}): string {
  const { protocol, host, pathname, search } = new URL(url);
  const all = headers.some(([name]) => name === 'Host') ? headers : [['Host', host] as const, ...headers];
  const context = createRequest({ method, headers: all });
  context.scheme = protocol === 'https:' ? 'https' : 'http';
  context.req.url = pathname + search;
  const member = parseDictionary(`sig=${input}`)?.get('sig');
  assert.ok(member !== undefined && isInnerList(member), input);
  const components = readComponents(member[0]);
  const base = components instanceof Refusal ? components : baseOf(context, components, spell(member));
  return base instanceof Refusal ? `refused: ${base.reason}` : base;
}

/** The line of one component. */
const line = (component: string, headers: Fields, url?: string): string =>
  build(`(${component})`, headers, url === undefined ? {} : { url }).split('\n')[0] ?? '';

for (const { section, method, url, headers, input, base } of EXAMPLES) {
  test(`RFC 9421, ${section}: the signature base is the printed one`, () => {
    assert.equal(build(input, headers, { method, url }), [...base, `"@signature-params": ${input}`].join('\n'));
  });
}

test('fields are read as RFC 9421, section 2.1, shows it', () => {
  const repeated: Fields = [
    ['Cache-Control', 'max-age=60'],
    ['Cache-Control', '   must-revalidate  '],
    ['X-Empty-Header', ''],
  ];
  assert.equal(line('"cache-control"', repeated), '"cache-control": max-age=60, must-revalidate');
  assert.equal(line('"x-empty-header"', repeated), '"x-empty-header": ');
  const dictionary: Fields = [['Example-Dict', '  a=1,    b=2;x=1;y=2,   c=(a   b    c), d ']];
  assert.equal(line('"example-dict";sf', dictionary), '"example-dict";sf: a=1, b=2;x=1;y=2, c=(a b c), d');
  assert.equal(line('"example-dict";key="a"', dictionary), '"example-dict";key="a": 1');
  assert.equal(line('"example-dict";key="d"', dictionary), '"example-dict";key="d": ?1');
  assert.equal(line('"example-dict";key="b"', dictionary), '"example-dict";key="b": 2;x=1;y=2');
  assert.equal(line('"example-dict";key="c"', dictionary), '"example-dict";key="c": (a b c)');
  assert.match(line('"example-dict";key="nope"', dictionary), /^refused/);
  const commas: Fields = [
    ['Example-Header', 'value, with, lots'],
    ['Example-Header', 'of, commas'],
  ];
  assert.equal(
    line('"example-header";bs', commas),
    '"example-header";bs: :dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:',
  );
});

test('derived components are read as RFC 9421, section 2.2, shows it', () => {
  const url = 'https://WWW.example.com:443/path?param=value';
  assert.equal(line('"@target-uri"', [], url), '"@target-uri": https://www.example.com/path?param=value');
  assert.equal(line('"@authority"', [], url), '"@authority": www.example.com');
  assert.equal(line('"@scheme"', [], url), '"@scheme": https');
  assert.equal(line('"@request-target"', [], url), '"@request-target": /path?param=value');
  assert.equal(line('"@path"', [], url), '"@path": /path');
  assert.equal(line('"@query"', [], url), '"@query": ?param=value');
  assert.equal(line('"@query"', [], 'http://example.com/path'), '"@query": ?');
  assert.equal(line('"@authority"', [], 'http://example.com:8080/'), '"@authority": example.com:8080');
});

test('parameters of the query are read as RFC 9421, section 2.2.8, shows it', () => {
  const url = 'https://www.example.com/path?param=value&foo=bar&baz=batman&qux=';
  assert.equal(line('"@query-param";name="baz"', [], url), '"@query-param";name="baz": batman');
  assert.equal(line('"@query-param";name="qux"', [], url), '"@query-param";name="qux": ');
  const encoded =
    'https://www.example.com/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something';
  const value = (name: string) => line(`"@query-param";name="${name}"`, [], encoded);
  assert.equal(value('var'), '"@query-param";name="var": this%20is%20a%20big%0Amultiline%20value');
  assert.equal(value('bar'), '"@query-param";name="bar": with%20plus%20whitespace');
  assert.equal(value('fa%C3%A7ade%22%3A%20'), '"@query-param";name="fa%C3%A7ade%22%3A%20": something');
  assert.match(line('"@query-param";name="a"', [], 'http://example.com/?a=1&a=2'), /more than once/);
  assert.match(line('"@query-param";name="a"', [], 'http://example.com/?a=%FF'), /no UTF-8/);
  assert.match(line('"@query-param";name="b"', [], 'http://example.com/?a=1'), /does not have/);
});

test('what can not be verified of a request is refused', () => {
  const date: Fields = [['Date', 'now']];
  for (const input of [
    '"@status"',
    '"date";tr',
    '"date";req',
    '"@method";req',
    '"date";bs;sf',
    '"date";key=1',
    '"date";other',
    '"@query-param"',
    '"@signature-params"',
    '"@nonsense"',
    '"Date"',
    '1',
    'date',
    '"date" "date"',
    '"@method" "@method"',
    '"x-missing"',
    Array.from({ length: 65 }, (_, index) => `"x-${index}"`).join(' '),
  ]) {
    assert.match(build(`(${input})`, date), /^refused: /, input);
  }
});

test('a field that Connection takes off on the way can not be covered', () => {
  const headers: Fields = [
    ['X-Amount', '1'],
    ['Connection', 'close, X-Amount'],
  ];
  assert.match(build('("x-amount")', headers), /Connection takes off/);
});
