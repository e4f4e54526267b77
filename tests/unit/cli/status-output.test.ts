import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDegraded, parseOverview } from '../../../src/cli/overview.ts';
import { renderStatus } from '../../../src/cli/status-output.ts';
import { PLAIN } from '../../../src/lib/paint.ts';
import { sampleOverview } from '../../support/told-overview.ts';

const NOW_MS = Date.UTC(2026, 10, 27, 3, 0, 0);
const told = (more: object) =>
  renderStatus(parseOverview({ ...sampleOverview({ services: 1, routes: 1 }), ...more }), PLAIN);

test('a command of a notice has a line of its own, in one piece, whatever its length', () => {
  const command = `turnpike key rotate --file /srv/${'a-long-folder/'.repeat(6)}routes.json --consumer shop --id k1 --expires 90d`;
  const out = told({
    notices: [
      {
        severity: 'warn',
        text: `consumer shop calls with an expired key; tell its owner, or give it a new one (${command})`,
        evidence: 'requests?consumer=shop&code=invalid_credential&admin=http%3A%2F%2Fevil',
      },
      { severity: 'bad', text: 'somewhere else', evidence: 'targets?service=x' },
    ],
  });
  const lines = out.split('\n');
  assert.ok(lines.includes(`    ${command}`), out);
  assert.ok(lines.includes('    turnpike recent --consumer shop --code invalid_credential'), out);
  assert.match(out, /^! .*give it a new one\n/m);
  assert.match(out, /^x somewhere else\n\n/m);
});

test('a reload that changes nothing does not hide the last that did', () => {
  const reload = { by: 'watch', changes: [], faults: [], left: 0 };
  const out = told({
    reloads: [
      { ...reload, at: NOW_MS - 60_000, by: 'signal', result: 'unchanged' },
      {
        ...reload,
        at: NOW_MS - 600_000,
        result: 'applied',
        changes: Array.from({ length: 20 }, (_, n) => `/r${n} removed`),
        left: 4,
      },
    ],
  });
  assert.match(
    out,
    /^reload +applied 10m ago \(watch\); read again 1m ago \(signal\), unchanged\n +\/r0 removed\n( +\/r\d removed\n){4} +and 19 more: --json/m,
  );
});

test('the file of the gateway and its name are told, where it tells them', () => {
  const out = told({ routesFile: '/srv/routes.json', instance: 'gw1:3000' });
  assert.match(out, /^file +\/srv\/routes\.json$/m);
  assert.match(out, /^serving {2}turnpike \S+ at gw1:3000, up/);
  assert.doesNotMatch(told({}), /^file/m);
});

test('what an operator should see to now or soon is degraded, what is only said is not', () => {
  const of = (severity: string) =>
    isDegraded(parseOverview({ ...sampleOverview({ services: 1, routes: 1 }), notices: [{ severity, text: '' }] }));
  assert.deepEqual(['bad', 'warn', 'info'].map(of), [true, true, false]);
});
