import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import {
  type ConnectionError,
  isBrokenConnection,
  refusalOf,
  standInFor,
} from '../../../src/server/refuse-connection.ts';

function parserError(code: string, packet = '', bytesParsed = packet.length): ConnectionError {
  return Object.assign(new Error('Parse Error'), { code, rawPacket: Buffer.from(packet), bytesParsed });
}

test('each error of the parser has its code, and a connection that broke has none', () => {
  assert.equal(refusalOf(parserError('HPE_INVALID_METHOD'))?.code, 'bad_framing');
  assert.equal(refusalOf(parserError('HPE_HEADER_OVERFLOW'))?.code, 'headers_too_large');
  assert.equal(refusalOf(parserError('ERR_HTTP_REQUEST_TIMEOUT'))?.code, 'request_timeout');
  assert.equal(refusalOf(parserError('HPE_HEADER_OVERFLOW', `GET /${'x'.repeat(9_000)}`))?.code, 'uri_too_long');
  assert.equal(isBrokenConnection(parserError('ECONNRESET')), true);
  assert.equal(isBrokenConnection(parserError('HPE_INVALID_METHOD')), false);
  assert.equal(refusalOf(parserError('HPE_CLOSED_CONNECTION')), undefined, 'what follows a close is no request');
});

test('a stand-in has the method and the target of the request that was being read', () => {
  const packet = 'GET /good HTTP/1.1\r\nHost: a\r\n\r\nPUT /bad?x=1 HTTP/1.1\r\nX Y: 1\r\n\r\nGET /later HTTP/1.1\r\n';
  const req = standInFor(parserError('HPE_INVALID_HEADER_TOKEN', packet, 60), new Socket(), IncomingMessage);
  assert.deepEqual([req.method, req.url], ['PUT', '/bad?x=1']);
});

test('a stand-in of what is no request has neither', () => {
  const req = standInFor(parserError('HPE_INVALID_METHOD', '\u0016\u0003\u0001'), new Socket(), IncomingMessage);
  assert.deepEqual([req.method, req.url], ['', '']);
});
