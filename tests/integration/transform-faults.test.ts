import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { loadRoutesWith } from '../../src/config/load-with.ts';
import { STAGES } from '../../src/stages.ts';
import { configFolder, faultsOf } from '../support/config-files.ts';

function load(t: TestContext, keys: object): void {
  const route = { prefix: '/a', target: 'http://localhost:1', auth: 'none', ...keys };
  const folder = configFolder(t, { 'routes.json': { routes: [route] } });
  loadRoutesWith(STAGES, `${folder}/routes.json`, { env: {} });
}

function faultsIn(t: TestContext, keys: object): string[] {
  return faultsOf(() => load(t, keys)).map(({ path, message, hint }) => `${path} ${message} ${hint ?? ''}`);
}

test('what is wrong with a transform is told at its place, with what would be right', (t) => {
  const faults: readonly (readonly [object, RegExp])[] = [
    [{ request: { jsn: {} } }, /request.*unknown key "jsn" did you mean "json"/],
    [{ request: { when: 'request.methd == "GET"' } }, /request\/when .*methd/],
    [{ request: { when: 'size(body)' } }, /request\/when is no condition/],
    [{ request: { when: 'response.status == 200' } }, /request\/when there is no "response" here/],
    [{ request: { headers: { set: { 'x-a': '${request.id' } } } }, /set\/x-a .*has no "}"/],
    [{ request: { headers: { set: { 'x-a': '${usr}' } } } }, /there is no "usr" here.*did you mean user/],
    [{ request: { query: { set: { a: 1 } } } }, /query\/set\/a/],
    [{ request: { json: { omit: ['items[0].a'] } } }, /omit\/0 "items\[0\]\.a" is no path.*\[\] behind the name/],
    [{ request: { json: { omit: ['items[]'] } } }, /omit\/0 "items\[\]" must end with a name/],
    [{ request: { json: { remove: ['a'] } } }, /unknown key "remove" .*"omit"/],
    [{ request: { urls: true } }, /unknown key "urls"/],
    [{ request: { xml: { root: 'a' } } }, /request\/xml does nothing without "format"/],
    [{ request: { otherTypes: 'refuse', query: { remove: ['a'] } } }, /otherTypes does nothing without "json"/],
    [{ response: { format: 'jsn' } }, /response\/format .*"json"/],
    [{ response: { format: 'xml', xml: { root: 'a b' } } }, /xml\/root expected the name of an element/],
    [{ response: { format: 'json', xml: { arrays: ['a..b'] } } }, /arrays\/0 expected a path of elements/],
    [{ response: { urls: { from: ['users.internal'] } } }, /from\/0 expected a URL/],
    [{ response: { urls: { from: ['http://a/?b'] } } }, /from\/0 is an address, without query/],
    [{ response: { bodyLimit: '1' } }, /bodyLimit expected a size/],
    [{ response: { json: { set: { a: '${body.x}' } } } }, /there is no "body" here/],
    [
      { response: [{ headers: { set: { host: 'a' } } }] },
      /response\/0\/headers\/set\/host "host" belongs to the connection/,
    ],
    [{ response: [] }, /response/],
  ];
  for (const [keys, expected] of faults) {
    const found = faultsIn(t, keys);
    assert.equal(found.length, 1, `${JSON.stringify(keys)}: ${found.join('\n')}`);
    assert.match(found[0] ?? '', expected);
  }
});

test('one object and a list of them are taken, and whatever JSON a value is', (t) => {
  for (const keys of [
    { request: { json: { set: { a: null, b: [1, { c: '${request.id}' }], d: true } } } },
    { request: [{ when: 'true', headers: { set: { a: '$${b}' } } }, { query: { remove: ['a'] } }] },
    { response: { urls: true, format: 'json' } },
    { response: [{ when: 'response.status < 300 && size(roles) == 0', json: { wrap: 'data' } }] },
  ])
    assert.doesNotThrow(() => load(t, keys));
});
