import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOverview } from '../../../src/cli/overview.ts';
import { renderStatus } from '../../../src/cli/status-output.ts';
import { PLAIN } from '../../../src/lib/paint.ts';
import { sampleOverview } from '../../support/sample-overview.ts';

const words = (text: string): string => text.replace(/\s+/g, ' ');

test('status shows targets on trial with how they fail, where Redis is, and the command of each notice', () => {
  const told = words(renderStatus(parseOverview(sampleOverview({ isInTrouble: true, at: 0 })), PLAIN));
  assert.match(told, /gateway-7:8080/);
  assert.match(
    told,
    /trial: http:\/\/10\.0\.1\.10:4001.*; headers-timeout \(no head within 3000 ms\), 12 in a row, first/,
  );
  assert.match(told, /redis down, redis:\/\/10\.0\.9\.1:6379\/0; last lost .*: no answer to PING/);
  assert.match(told, / turnpike recent --service orders --code headers_timeout /);
});
