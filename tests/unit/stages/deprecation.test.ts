import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { loadRoutesWith } from '../../../src/config/load-with.ts';
import { STAGES } from '../../../src/stages.ts';
import { configFolder, faultsOf } from '../../support/config-files.ts';

function faultsIn(t: TestContext, deprecation: object): string[] {
  const folder = configFolder(t, {
    'routes.json': { routes: [{ prefix: '/x', respond: { status: 200 }, auth: 'none', deprecation }] },
  });
  return faultsOf(() => loadRoutesWith(STAGES, `${folder}/routes.json`, { env: {} })).map(
    ({ path, message }) => `${path}: ${message}`,
  );
}

test('a sunset before the deprecation is refused, and so is a refusal without a sunset', (t) => {
  assert.deepEqual(faultsIn(t, { since: '2027-01-01', sunset: '2026-01-01' }), [
    '/routes/0/deprecation/sunset: is earlier than "since"',
  ]);
  assert.deepEqual(faultsIn(t, { since: '2027-01-01', refuse: true }), [
    '/routes/0/deprecation/refuse: needs a "sunset" after which to refuse',
  ]);
});

test('dates are dates, and a link can not break out of its field', (t) => {
  for (const since of ['2027-02-31', 'soon', '2027-01-01T00:00', '1767225600', '10m'])
    assert.match(faultsIn(t, { since })[0] ?? '', /\/since: expected a date/, since);
  for (const link of ['ftp://x', 'https://x>; rel="next"', 'https://x y', 'https://ü', 'https://x\r\nx: y'])
    assert.match(faultsIn(t, { since: '2027-01-01', link })[0] ?? '', /\/link: expected an address/, link);
});
