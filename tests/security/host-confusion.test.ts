import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { askRaw, statusOf } from '../support/http.ts';
import { type StubService, startService } from '../support/service.ts';

/**
 * The attack: two names for the host in one request, of which the gateway chooses the route by one and the service
 * chooses its tenant by the other.
 */
async function setUp(t: Parameters<typeof startGateway>[0]): Promise<{ gateway: TestGateway; service: StubService }> {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/', hosts: ['public.example'], target: service.url, auth: 'none', preserveHost: true },
        { prefix: '/', hosts: ['inner.example'], target: service.url, preserveHost: true },
        { prefix: '/any', target: service.url, auth: 'none' },
      ],
    },
  });
  return { gateway, service };
}

const send = (gateway: TestGateway, target: string, host: string): Promise<string> =>
  askRaw(gateway.port, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);

test('the host of an absolute target is the one that the service is told, whatever Host says', async (t) => {
  const { gateway, service } = await setUp(t);
  assert.equal(statusOf(await send(gateway, 'http://public.example/x', 'inner.example')), 200);
  const [seen] = service.requests;
  assert.equal(seen?.headers.host, 'public.example');
  assert.doesNotMatch(seen?.rawHeaders.join('\n') ?? '', /inner/);
  assert.equal(statusOf(await send(gateway, 'http://inner.example/x', 'public.example')), 401);
});

test('a Host that is none is refused, so that nobody reads another name out of it', async (t) => {
  const { gateway, service } = await setUp(t);
  const hosts = [
    'public.example:80@inner.example',
    'public.example:80:inner.example',
    'public.example:@inner.example',
    'public.example:80, inner.example',
    'public.example/inner.example',
    'public.example inner.example',
    'public.example\tinner.example',
    'public.example#inner.example',
    'public.example\\inner.example',
    'user@public.example',
    '[::1',
    '[::1]inner.example',
    'inner\xe9.example',
    'a"b',
    '<script>',
  ];
  for (const host of hosts) {
    assert.equal(statusOf(await send(gateway, '/any/x', host)), 400, host);
    if (/[/#]/.test(host)) continue;
    assert.equal(statusOf(await send(gateway, `http://${host}/any/x`, 'public.example')), 400, `http://${host}`);
  }
  assert.equal(service.requests.length, 0);
});

test('what is a Host is taken: names, addresses, ports, a final dot', async (t) => {
  const { gateway } = await setUp(t);
  const hosts = ['public.example', 'PUBLIC.example.', 'public.example:8080', '127.0.0.1:3000', '[::1]:3000', 'a_b'];
  for (const host of hosts) assert.equal(statusOf(await send(gateway, '/any/x', host)), 200, host);
});
