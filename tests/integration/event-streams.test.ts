import assert from 'node:assert/strict';
import { get, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import jwt from 'jsonwebtoken';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const SECRET = 'a-secret-of-at-least-32-characters!!';

interface Stream {
  readonly gateway: TestGateway;
  /** The service's end. */
  readonly service: ServerResponse;
  readonly answer: IncomingMessage;
  /** What the client has read. */
  text(): string;
  /** `end`, `broken`, or undefined while it is open. */
  ending(): string | undefined;
}

async function openStream(
  t: TestContext,
  timeouts: object,
  head: Readonly<Record<string, string>> = { 'content-type': 'text/event-stream; charset=utf-8' },
): Promise<Stream> {
  let service: ServerResponse | undefined;
  const stub = await startService(t, (_req, res) => {
    service = res;
    res.writeHead(200, head);
    // Node and the gateway keep the head of an answer that tells its length until the body begins.
    if (head['content-length'] === undefined) res.flushHeaders();
    else res.write('-');
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: stub.url, auth: 'none', timeouts }] },
  });
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const req = get(`${gateway.url}/events`, { agent: false }, resolve);
    req.on('error', reject);
    t.after(() => req.destroy());
  });
  let text = '';
  let ending: string | undefined;
  answer.setEncoding('utf8');
  answer.on('data', (piece: string) => {
    text += piece;
  });
  answer.on('end', () => {
    ending = 'end';
  });
  answer.on('error', () => {
    ending = 'broken';
  });
  return { gateway, service: await until(() => service), answer, text: () => text, ending: () => ending };
}

describe('event streams', { concurrency: 4 }, () => {
  it('may be silent for longer than other answers may stand still', async (t) => {
    const { service, text, ending } = await openStream(t, { idle: '100ms', stream: '10s' });
    service.write('data: 1\n\n');
    await until(() => text() === 'data: 1\n\n');
    await new Promise((resolve) => setTimeout(resolve, 400));
    service.write('data: 2\n\n');
    await until(() => text() === 'data: 1\n\ndata: 2\n\n');
    assert.equal(ending(), undefined);
  });

  it('that are silent beyond their own time are broken off, and the service is to blame', async (t) => {
    const { gateway, ending } = await openStream(t, { stream: '200ms' });
    await until(() => ending() === 'broken');
    const line = await gateway.line({ path: '/events' });
    assert.deepEqual([line['aborted'], line['outcome'], line['code']], ['upstream', 'idle-timeout', 'idle_timeout']);
    assert.equal(line['detail'], 'The service fell silent in the middle of its answer.');
    assert.equal(line['cause'], 'the service sent nothing for 200 ms');
  });

  it('with "off" have no end of their own', async (t) => {
    const { service, text, ending } = await openStream(t, { idle: '50ms', stream: 'off' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(ending(), undefined);
    service.end('data: last\n\n');
    await until(() => ending() === 'end');
    assert.equal(text(), 'data: last\n\n');
  });

  it('get a comment when they are silent, never in the middle of an event', async (t) => {
    const { service, text } = await openStream(t, { stream: '10s', heartbeat: '50ms' });
    await until(() => text().startsWith(':\n\n:\n\n'));
    service.write('data: ha');
    await until(() => text().endsWith('data: ha'));
    const before = text();
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(text(), before);
    service.write('lf\n');
    service.write('\n');
    await until(() => text().includes('data: half\n\n:\n\n'));
  });

  it('end cleanly between two events when the gateway leaves', async (t) => {
    const { gateway, service, text, ending } = await openStream(t, { stream: '10s' });
    service.write('data: 1\n\n');
    await until(() => text() === 'data: 1\n\n');
    let left = false;
    service.on('close', () => {
      left = true;
    });
    assert.equal(await gateway.drain.begin(0), true);
    await until(() => ending() === 'end' && left);
    assert.equal((await gateway.line({ path: '/events' }))['aborted'], undefined);
  });

  it('in the middle of an event end where it ends, and what follows is left out', async (t) => {
    const { gateway, service, text, ending } = await openStream(t, { stream: '10s' });
    service.write('data: 1\n\ndata: 2');
    await until(() => text().endsWith('data: 2'));
    const drained = gateway.drain.begin(0);
    await until(() => gateway.messages.some((line) => line.includes('closed the port')));
    assert.equal(ending(), undefined);
    service.write('2\n\ndata: 3');
    assert.equal(await drained, true);
    await until(() => ending() === 'end');
    assert.equal(text(), 'data: 1\n\ndata: 22\n\n');
  });
});

it('an event stream ends, between two events, when the credential of its reader expires', async (t) => {
  let service: ServerResponse | undefined;
  const stub = await startService(t, (_req, res) => {
    service = res;
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write('data: 1\n\ndata: 2');
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: stub.url, auth: 'jwt', timeouts: { heartbeat: '100ms' } }] },
    env: { JWT_SECRET: SECRET },
  });
  const exp = Math.floor(Date.now() / 1000) + 2;
  const headers = { authorization: `Bearer ${jwt.sign({ sub: 'u1', exp }, SECRET)}` };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${gateway.url}/events`, { agent: false, headers }, resolve).on('error', reject);
  });
  let text = '';
  let ending: string | undefined;
  answer.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  answer.on('end', () => {
    ending = `end at ${Date.now() >= exp * 1000 ? 'the' : 'another'} time`;
  });
  await new Promise((resolve) => setTimeout(resolve, exp * 1000 - Date.now() + 200));
  assert.equal(ending, undefined, 'an event is under way');
  service?.write('2\n\ndata: 3');
  await until(() => ending);
  assert.deepEqual([ending, text], ['end at the time', 'data: 1\n\ndata: 22\n\n']);
  const line = await gateway.line({ path: '/events' });
  assert.deepEqual([line.status, line['aborted'], line['subject']], [200, undefined, 'u1']);
});

it('an answer without a length may be silent for as long as a stream, one with a length may not', async (t) => {
  const open = await openStream(t, { idle: '100ms', stream: '10s' }, { 'content-type': 'text/plain' });
  const told = await openStream(t, { idle: '100ms', stream: '10s' }, { 'content-length': '10' });
  await until(() => told.ending() === 'broken');
  assert.equal(open.ending(), undefined);
});
