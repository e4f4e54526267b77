import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { SinkResponse } from '../../../src/answer/sink-response.ts';
import { RequestContext, type Sink } from '../../../src/context.ts';
import { GatewayError } from '../../../src/errors.ts';
import { Deadlines } from '../../../src/lib/deadlines.ts';

function createResponse({ method = 'GET', isFull = false, cannotSend = false } = {}) {
  const told: unknown[] = [];
  const sink: Sink = {
    head(_context, status, fields, answerer) {
      if (cannotSend) throw new TypeError('no such field');
      told.push([status, { ...fields }, answerer]);
    },
    write: (_context, chunk) => {
      told.push(chunk.toString());
      return !isFull;
    },
    end: (_context, last) => void told.push(['end', last?.toString()]),
    fail: (_context, error) => void told.push(error),
  };
  const context = new RequestContext({ method } as IncomingMessage, {} as ServerResponse, sink);
  const deadlines = new Deadlines();
  const response = new SinkResponse(context, deadlines);
  const events: string[] = [];
  for (const name of ['drain', 'finish', 'close']) response.on(name, () => events.push(name));
  return { response, told, events, deadlines };
}

test('an answer goes into the sink as that of a service, its end with the last piece', () => {
  const { response, told, events, deadlines } = createResponse();
  response.statusCode = 206;
  response.setHeader('Content-Type', 'text/plain').setHeader('Content-Length', 6);
  assert.equal(response.getHeader('content-type'), 'text/plain');
  assert.equal(response.getHeader('toString'), undefined);
  assert.deepEqual(response.getHeaderNames(), ['content-type', 'content-length']);
  response.write(Buffer.from('abc'));
  response.write(Buffer.from('def'));
  response.end();
  const head = [206, { 'content-type': 'text/plain', 'content-length': '6' }, 'service'];
  assert.deepEqual(told, [head, 'abc', ['end', 'def']]);
  assert.deepEqual(events, ['finish']);
  assert.equal(deadlines.size, 0);
  response.close();
  response.close();
  assert.deepEqual(events, ['finish', 'close']);
});

test('the answer to HEAD has a length and no body', () => {
  const { response, told } = createResponse({ method: 'HEAD' });
  response.setHeader('content-length', 4).end('page');
  assert.deepEqual(told, [
    [200, { 'content-length': '4' }, 'service'],
    ['end', undefined],
  ]);
});

test('a file that has grown is cut at the length that was told; one that shrank breaks the answer off', () => {
  const grown = createResponse();
  grown.response.setHeader('content-length', 2);
  grown.response.write(Buffer.from('abc'));
  grown.response.write(Buffer.from('def'));
  grown.response.end();
  assert.deepEqual(grown.told.slice(1), [['end', 'ab']]);

  const shrunk = createResponse();
  shrunk.response.setHeader('content-length', 9);
  shrunk.response.write(Buffer.from('abc'));
  shrunk.response.end();
  const error = shrunk.told.at(-1);
  assert.ok(error instanceof GatewayError);
  assert.equal(error.code, 'bad_answer');
  assert.match(String(error.cause), /ended 6 bytes before/);
  assert.equal(shrunk.response.isClosed, true);
});

test('a reader that is full is waited for, and once it stands still the answer ends', () => {
  const { response, told, events } = createResponse({ isFull: true });
  response.setHeader('content-length', 10);
  assert.equal(response.write(Buffer.from('abc')), false);
  response.resume();
  response.resume();
  assert.deepEqual(events, ['drain']);
  response.write(Buffer.from('abc'));
  response.onDue();
  const error = told.at(-1);
  assert.ok(error instanceof GatewayError);
  assert.equal(error.code, 'client_closed');
  assert.deepEqual(events, ['drain', 'close']);
});

test('a head that HTTP can not carry fails the request, once', () => {
  const { response, told, events } = createResponse({ cannotSend: true });
  response.write(Buffer.from('abc'));
  response.end();
  assert.deepEqual(told.map(String), ['TypeError: no such field']);
  assert.deepEqual(events, ['close']);
});
