import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readTraceparent, traceIdOf } from '../../src/lib/trace-context.ts';
import { startCollector, tracingEnv } from '../support/collector.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type StubService, startService } from '../support/service.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const FROM = `00-${TRACE}-00f067aa0ba902b7-01`;

/** What a client says of its trace, whether it is gone on with, and what becomes of its tracestate. */
const ROWS: readonly (readonly [what: string, headers: Record<string, string | string[]>, boolean, string?])[] = [
  ['nothing', {}, false],
  ['a trace', { traceparent: FROM }, true],
  ['a trace and a state', { traceparent: FROM, tracestate: 'a=1,b=2' }, true, 'a=1,b=2'],
  ['names in capitals', { TraceParent: FROM, TraceState: 'a=1' }, true, 'a=1'],
  ['a state in two fields', { traceparent: FROM, tracestate: ['a=1', 'b=2'] }, true, 'a=1,b=2'],
  ['a state that can not be read', { traceparent: FROM, tracestate: 'a=1,b' }, true],
  ['an empty state', { traceparent: FROM, tracestate: '' }, true],
  ['a state alone', { tracestate: 'a=1' }, false],
  ['a state with a trace that is none', { traceparent: `${FROM}-x`, tracestate: 'a=1' }, false],
  ['two traces', { traceparent: [FROM, FROM], tracestate: 'a=1' }, false],
  ['a trace of tomorrow', { traceparent: `cc${FROM.slice(2)}-more`, tracestate: 'a=1' }, true, 'a=1'],
  ['a trace of a version that there is not', { traceparent: `ff${FROM.slice(2)}`, tracestate: 'a=1' }, false],
];

for (const isTraced of [false, true]) {
  describe(`a service behind a gateway that sends ${isTraced ? 'its' : 'no'} spans`, () => {
    const cleanups: (() => unknown)[] = [];
    const t = { after: (act: () => unknown) => void cleanups.unshift(act) };
    let service: StubService;
    let gateway: TestGateway;

    before(async () => {
      service = await startService(t);
      const file = { routes: [{ prefix: '/x', target: service.url, auth: 'none' }] };
      gateway = await startGateway(t, { file, env: isTraced ? tracingEnv(await startCollector(t)) : {} });
    });
    after(async () => {
      for (const act of cleanups) await act();
    });

    for (const [what, headers, goesOn, state] of ROWS) {
      it(`gets ${goesOn ? 'the trace of' : 'a new trace for'} who sends ${what}`, async () => {
        const { status } = await ask(`${gateway.url}/x`, { headers });
        assert.equal(status, 200);
        const seen = service.requests.at(-1)?.headers ?? {};
        const told = String(seen['traceparent']);
        assert.equal(readTraceparent(told), told);
        assert.equal(traceIdOf(told) === TRACE, goesOn, told);
        assert.ok(!told.includes('00f067aa0ba902b7'));
        assert.equal(seen['tracestate'], state);
      });
    }
  });
}
