import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseFormat } from '../../../src/metrics/format.ts';

/** As Prometheus sends it, by its version. */
const PROMETHEUS_2 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
const PROMETHEUS_3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1';

test('whoever asks for OpenMetrics is given it, and the classic text everybody else', () => {
  const cases: [string | undefined, string][] = [
    [undefined, 'text'],
    ['', 'text'],
    ['*/*', 'text'],
    ['text/plain', 'text'],
    ['text/html,application/xhtml+xml;q=0.9,*/*;q=0.8', 'text'],
    ['application/json', 'text'],
    [PROMETHEUS_2, 'openMetrics'],
    [PROMETHEUS_3, 'openMetrics'],
    ['application/openmetrics-text', 'openMetrics'],
    ['Application/OpenMetrics-Text; Version="1.0.0"', 'openMetrics'],
    ['application/openmetrics-text;q=0', 'text'],
    ['application/openmetrics-text;q=0.2, text/plain;q=0.3', 'text'],
    ['application/openmetrics-text;q=0.2, */*;q=0.3', 'text'],
    ['application/openmetrics-text;q=0.2, text/plain;q=0.1, */*', 'openMetrics'],
    ['application/openmetrics-text;version=2.0.0, */*;q=0.1', 'text'],
    ['application/openmetrics-text;q=nonsense', 'text'],
    [`${'text/html,'.repeat(10_000)}application/openmetrics-text`, 'text'],
  ];
  for (const [accept, format] of cases) assert.equal(chooseFormat(accept), format, accept?.slice(0, 100));
});
