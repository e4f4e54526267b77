import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOwn } from '../../src/answer/own.ts';
import type { RequestContext } from '../../src/context.ts';
import { GatewayError } from '../../src/errors.ts';
import type { Answerer, AnswerFields, Source } from '../../src/sink.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { PassingSink, pipelineWith, stageOf } from '../support/own-stages.ts';
import { closedPort, startLyingService, startService } from '../support/service.ts';

/** Notes in a field of the answer that it came by, and in which order. */
class Stamp extends PassingSink {
  readonly #name: string;

  constructor(name: string, next: PassingSink['next']) {
    super(next);
    this.#name = name;
  }

  override head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    const stamps = fields['x-stamps'] === undefined ? this.#name : `${String(fields['x-stamps'])},${this.#name}`;
    this.next.head(context, status, { ...fields, 'x-stamps': stamps }, answerer);
  }
}

const stamping = (name: string) =>
  stageOf(name, (context, next) => {
    context.sink = new Stamp(name, context.sink);
    next();
  });

test('an answer passes the sinks of the stages from the last one to the first', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
    stages: pipelineWith('respond', stamping('outer'), stamping('inner')),
  });
  const { headers, json } = await ask(`${gateway.url}/x`);
  assert.equal(headers['x-stamps'], 'inner,outer');
  assert.equal(json.path, '/x');
});

test('an answer of the gateway and a refusal pass them too', async (t) => {
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/fixed', auth: 'none', respond: { status: 200, body: 'here' } },
        { prefix: '/gone', auth: 'none', target: `http://127.0.0.1:${await closedPort()}`, retry: false },
      ],
    },
    stages: pipelineWith('respond', stamping('one')),
  });
  const fixed = await ask(`${gateway.url}/fixed`);
  assert.deepEqual([fixed.status, fixed.text, fixed.headers['x-stamps']], [200, 'here', 'one']);
  // A failure is no answer yet: whoever renders it stands at the end of the chain.
  const gone = await ask(`${gateway.url}/gone`);
  assert.deepEqual([gone.status, gone.json.code], [502, 'upstream_refused']);
});

test('a stage can change every piece of a body, under backpressure', async (t) => {
  const size = 8 * 1024 * 1024;
  const service = await startService(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/plain' });
    res.end(Buffer.alloc(size, 'a'));
  });
  class Upper extends PassingSink {
    override write(context: RequestContext, chunk: Buffer, source: Source): boolean {
      return this.next.write(context, Buffer.from(chunk.toString('latin1').toUpperCase(), 'latin1'), source);
    }

    override end(context: RequestContext, last: Buffer | undefined): void {
      this.next.end(context, last && Buffer.from(last.toString('latin1').toUpperCase(), 'latin1'));
    }
  }
  const upper = stageOf('upper', (context, next) => {
    context.sink = new Upper(context.sink);
    next();
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
    stages: pipelineWith('respond', upper),
  });
  const { body } = await ask(`${gateway.url}/big`);
  assert.equal(body.length, size);
  assert.ok(body.equals(Buffer.alloc(size, 'A')));
});

/** Answers in place of a service that can't. */
const spare = stageOf('spare', (context, next) => {
  context.sink = new (class extends PassingSink {
    override fail(failed: RequestContext, error: unknown): void {
      if (failed.status !== 0 || !(error instanceof GatewayError) || error.row.source !== 'upstream') {
        this.next.fail(failed, error);
        return;
      }
      answerOwn(failed, 200, { 'content-type': 'text/plain' }, 'from before', this.next);
    }
  })(context.sink);
  next();
});

test('a stage can answer in place of a service that is gone, and the log calls it no error', async (t) => {
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', auth: 'none', target: `http://127.0.0.1:${await closedPort()}`, retry: false }] },
    stages: pipelineWith('respond', spare),
  });
  const { status, text } = await ask(`${gateway.url}/x`);
  assert.deepEqual([status, text], [200, 'from before']);
  const line = await gateway.line({ path: '/x' });
  assert.deepEqual([line['status'], line['code'], line['outcome']], [200, undefined, 'refused']);
});

test('a stage can answer in place of an open circuit', async (t) => {
  const service = await startService(t, (_req, res) => res.writeHead(500).end());
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', auth: 'none', target: service.url }] },
    stages: pipelineWith('respond', spare),
  });
  for (let call = 0; call < 5; call += 1) assert.equal((await ask(`${gateway.url}/x`)).status, 500);
  const { status, text } = await ask(`${gateway.url}/x`);
  assert.deepEqual([status, text], [200, 'from before']);
});

test('a body that breaks off is told to the sinks as a failure after the head, and breaks off for the client', async (t) => {
  const service = await startLyingService(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    setTimeout(() => socket.destroy(), 20);
  });
  const failures: unknown[] = [];
  const watch = stageOf('watch', (context, next) => {
    context.sink = new (class extends PassingSink {
      override fail(failed: RequestContext, error: unknown): void {
        failures.push([failed.status, error instanceof GatewayError && error.code]);
        this.next.fail(failed, error);
      }
    })(context.sink);
    next();
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', auth: 'none', target: service.url }] },
    stages: pipelineWith('respond', watch),
  });
  await assert.rejects(ask(`${gateway.url}/x`), { code: 'ECONNRESET' });
  assert.deepEqual(failures, [[200, 'upstream_reset']]);
});
