import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { loadRoutesWith } from '../../../src/config/load-with.ts';
import { STAGES } from '../../../src/stages.ts';
import { configFolder, faultsOf } from '../../support/config-files.ts';

function faultsIn(t: TestContext, bodies: object): string[] {
  const folder = configFolder(t, {
    'routes.json': { errors: { bodies }, routes: [{ prefix: '/x', respond: { status: 200 }, auth: 'none' }] },
  });
  return faultsOf(() => loadRoutesWith(STAGES, `${folder}/routes.json`, { env: {} })).map(
    ({ path, message, hint }) => `${path}: ${message} (${hint})`,
  );
}

test('a body stands under a code, a status or a kind of status, and is told where it does not', (t) => {
  assert.deepEqual(faultsIn(t, { maintenence: { body: 'x' } }), [
    '/errors/bodies/maintenence: "maintenence" is no error (did you mean "maintenance"?)',
  ]);
  for (const key of ['200', '6xx', 'xx', 'constructor', '40'])
    assert.match(faultsIn(t, { [key]: { body: 'x' } })[0] ?? '', /is no error/, key);
});

test('a placeholder names what there is, in a text where it can be escaped', (t) => {
  assert.match(faultsIn(t, { 404: { body: '${error.stack}' } })[0] ?? '', /stack/);
  const script = { body: 'alert("${request.path}")', contentType: 'text/javascript' };
  assert.match(faultsIn(t, { 404: script })[0] ?? '', /no value can be put safely into "text\/javascript"/);
});

test('a file that is not there, a type that is none and a body that is none are faults', (t) => {
  assert.match(faultsIn(t, { 404: { body: '${FILE:./gone.html}' } })[0] ?? '', /can't be read \(ENOENT\)/);
  assert.match(faultsIn(t, { 404: { body: 'x', contentType: 'html' } })[0] ?? '', /expected a media type/);
  assert.equal(faultsIn(t, { 404: { contentType: 'text/html' } }).length, 1);
});
