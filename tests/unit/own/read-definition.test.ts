import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineStage } from '../../../src/own/define-stage.ts';
import { readDefinition, readHooks } from '../../../src/own/read-definition.ts';

const create = () => ({});
const read = (exported: unknown, file = '/stages/probe.ts') => readDefinition(exported, file);

test('what a stage does not say has its usual value', () => {
  const { name, timeoutMs, onError, maxBodyBytes, runsDry, place } = read(defineStage({ name: 'probe', create }));
  assert.deepEqual(
    [name, timeoutMs, onError, maxBodyBytes, runsDry, place],
    ['probe', 1000, 'closed', 1024 ** 2, false, {}],
  );
});

test('a stage of another copy of the package is known by its mark', () => {
  assert.equal(read({ [Symbol.for('turnpike.stage')]: 1, name: 'probe', create }).name, 'probe');
  assert.throws(() => read({ name: 'probe', create }), /exports no stage/);
});

test('each fault of a stage is told by its name', () => {
  const faults: readonly (readonly [object, RegExp])[] = [
    [{ name: 'Probe' }, /a small letter first/],
    [{ name: '__proto__' }, /a small letter first/],
    [{ name: 'constructor' }, /a member of every object/],
    [{ create: undefined }, /no create/],
    [{ schema: 'x' }, /no JSON Schema/],
    [{ timeout: '2h' }, /"timeout"/],
    [{ timeout: 100 }, /"timeout"/],
    [{ maxBody: '1gb' }, /"maxBody"/],
    [{ onError: 'maybe' }, /"onError"/],
    [{ before: 'a', after: 'b' }, /not both/],
    [{ handler: 1 }, /"handler"/],
  ];
  for (const [part, expected] of faults)
    assert.throws(() => read(defineStage({ name: 'probe', create, ...part } as never)), expected);
});

test('a middleware is named after its file', () => {
  const middleware = (_req: unknown, _res: unknown, _next: unknown): void => {};
  assert.equal(read(middleware, '/x/request-timer.mjs').name, 'requestTimer');
  assert.throws(() => read(middleware, '/x/1.js'), /give the file a name/);
  assert.throws(() => read((_a: unknown, _b: unknown, _c: unknown, _d: unknown) => {}), /handlers of errors/);
});

test('hooks are an object of functions that are known', () => {
  assert.deepEqual(readHooks({}), {});
  assert.throws(() => readHooks(undefined), /returns an object/);
  assert.throws(() => readHooks(Promise.resolve({})), /at once/);
  assert.throws(() => readHooks({ onRequest() {} }), /onRequest/);
  assert.throws(() => readHooks({ request: 1 }), /no function/);
});
