import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultsIn, loadIn } from '../../support/sample-config.ts';

const target = 'http://localhost:4001';

test('an unknown key is told with file, line, column, path and what was meant', (t) => {
  const text =
    '{\n  "routes": [\n    { "prefix": "/a", "target": "http://a" },\n    { "prefx": "/b", "target": "http://a" }\n  ]\n}\n';
  assert.deepEqual(faultsIn(t, text), [
    {
      file: 'routes.json',
      line: 4,
      column: 7,
      path: '/routes/1/prefx',
      message: 'unknown key "prefx"',
      hint: 'did you mean "prefix"?',
    },
  ]);
});

test('a fault deep inside a route points at the very value', (t) => {
  const text =
    '{ "routes": [{ "prefix": "/a", "target": "http://a",\n  "rateLimits": [\n    { "limit": 0, "window": "1m" }] }] }';
  const [fault, ...others] = faultsIn(t, text);
  assert.deepEqual(others, []);
  assert.deepEqual([fault?.line, fault?.column, fault?.path], [3, 16, '/routes/0/rateLimits/0/limit']);
  assert.equal(fault?.message, 'must be at least 1');
});

test('comments, trailing commas and a byte order mark are no obstacle', (t) => {
  const { config } = loadIn(
    t,
    `\uFEFF{ // users\n "routes": [{ "prefix": "/a", /* here */ "target": "${target}", }, ], }`,
  );
  assert.equal(config.routes[0]?.target, target);
});

test('a key that is written twice is a fault', (t) => {
  const [fault] = faultsIn(t, '{ "routes": [{ "prefix": "/a",\n "target": "x",\n "target": "y" }] }');
  assert.deepEqual(
    [fault?.line, fault?.message, fault?.hint],
    [3, 'the key "target" is written twice', 'The first is on line 2.'],
  );
});

test('the name __proto__ is refused', (t) => {
  const [fault] = faultsIn(t, '{ "services": { "__proto__": { "targets": [] } }, "routes": [] }');
  assert.match(fault?.message ?? '', /can't be used/);
});

test('a path in the fault escapes slashes as JSON Pointer does', (t) => {
  const [fault] = faultsIn(t, { services: { 'a/b~c': { targets: ['x'] } }, routes: [] });
  assert.equal(fault?.path, '/services/a~1b~0c');
});

test('only the first syntax error is told, at its place', (t) => {
  const faults = faultsIn(t, '{\n "routes": [\n  { "prefix" "/a" }\n ]\n}');
  assert.deepEqual(
    faults.map(({ line, column, message }) => [line, column, message]),
    [[3, 14, 'is not JSON: expected ":" after the key']],
  );
});

for (const [what, text, message] of [
  ['an empty file', ' \n', /the file is empty/],
  ['a list', '[]', /expected an object/],
  ['routes that are no list', '{ "routes": {} }', /expected a list/],
  ['a route that is no object', '{ "routes": [7] }', /expected an object/],
  ['thousands of open brackets', '['.repeat(200_000), /nested too deeply|not JSON/],
] as const) {
  test(`${what} is told as a fault`, (t) => {
    assert.match(faultsIn(t, text)[0]?.message ?? '', message);
  });
}
