import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, METHODS } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ask } from '../support/http.ts';
import { CONSUMERS } from '../support/model.ts';
import { parseOpenMetrics } from '../support/open-metrics.ts';
import { startGatewayProcess } from '../support/process.ts';
import { createRandom } from '../support/random.ts';

/**
 * The attack: every request is another one, by path, method, host, fields, query, operation, tool, model, key and the
 * status that it makes its service answer. Each series costs the gateway and the Prometheus memory for ever; none may be
 * a client's to make.
 */
const REQUESTS = 100_000;
const WARM_UP = 20_000;
const BATCH = 50;
const AT_ONCE = 6;
const SEED = 20_261_127;
const MOST_SERIES = 4_000;
const MOST_GROWTH_BYTES = 160 * 1024 * 1024;
/** Stands in every text that is made up here. */
const MARK = 'zq';

const KNOWN_METHODS = METHODS.filter((method) => method !== 'CONNECT');
const JSON_FIELDS = 'content-type: application/json\r\naccept: application/json, text/event-stream\r\n';

type Pick = <T>(list: readonly T[]) => T;

interface Made {
  readonly pick: Pick;
  readonly word: () => string;
}

/** A request with a body, which has a path of its own and says something that may be counted. */
function post(path: string, body: object, fields = ''): string {
  const text = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\nhost: a\r\n${JSON_FIELDS}${fields}content-length: ${text.length}\r\n\r\n${text}`;
}

/** What no route takes. */
const madeUp = ({ pick, word }: Made): string =>
  `${pick(KNOWN_METHODS)} /${word()}/${word()}?${word()}=1 HTTP/1.1\r\nhost: ${word()}.example\r\ncontent-length: 0\r\n\r\n`;

const KINDS: readonly ((made: Made) => string)[] = [
  madeUp,
  ({ pick, word }) =>
    `${pick(KNOWN_METHODS)} /open/${word()} HTTP/1.1\r\nhost: ${word()}\r\nx-${word()}: ${word()}\r\nuser-agent: ${word()}\r\nx-request-id: ${word()}\r\ntraceparent: 00-${'a'.repeat(31)}1-b7ad6b7169203331-01\r\ncontent-length: 0\r\n\r\n`,
  ({ word }) =>
    `GET /status/${200 + Math.floor(Number.parseInt(word().slice(2), 36) % 400)} HTTP/1.1\r\nhost: a\r\n\r\n`,
  ({ word }) =>
    `GET /keyed/${word()} HTTP/1.1\r\nhost: a\r\nx-api-key: ${word()}\r\nauthorization: ${word()} ${word()}\r\n\r\n`,
  ({ word }) =>
    `GET /cached/${word()} HTTP/1.1\r\nhost: a\r\ncache-control: no-cache\r\naccept-encoding: ${word()}\r\n\r\n`,
  ({ word }) => post('/once', { a: word() }, `idempotency-key: ${word()}\r\n`),
  ({ pick, word }) =>
    post('/graphql', {
      operationName: MARK + word(),
      query: `${pick(['query', 'mutation'])} ${MARK}${word()} { ${word()} }`,
    }),
  ({ word }) => post('/mcp', { jsonrpc: '2.0', id: 1, method: `${word()}/call`, params: { name: word() } }),
  ({ word }) => post('/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: word(), arguments: {} } }),
  ({ word }) => post('/v1/chat/completions', { model: word(), messages: [{ role: 'user', content: word() }] }),
];

const FILE = (target: string) => ({
  consumers: CONSUMERS,
  plans: { free: {} },
  services: { all: { targets: [target] } },
  routes: [
    { prefix: '/open', service: 'all', auth: 'none', rateLimits: [{ limit: 500, window: '1m' }] },
    { prefix: '/status', service: 'all', auth: 'none', stripPrefix: false },
    { prefix: '/keyed', service: 'all', auth: 'api-key' },
    { prefix: '/cached', service: 'all', auth: 'none', cache: { ttl: '30s' } },
    { prefix: '/once', service: 'all', auth: 'none', idempotency: true },
    { prefix: '/graphql', service: 'all', auth: 'none', graphql: {} },
    { prefix: '/mcp', service: 'all', auth: 'none', mcp: { tools: { search: {}, '*': {} } } },
    { prefix: '/v1', service: 'all', auth: 'none', models: { names: ['stub-1'] } },
  ],
});

/** Answers the status that its path names, else 200. */
async function startEcho(t: TestContext): Promise<string> {
  const server = createServer((req, res) => {
    const [, status] = /\/status\/(\d+)/.exec(req.url ?? '') ?? [];
    req.resume();
    res.writeHead(status === undefined ? 200 : Number(status), { 'content-type': 'application/json' });
    res.end(status === '204' || status === '304' ? undefined : '{"usage":{"prompt_tokens":1,"completion_tokens":1}}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Some requests in one go over one connection, which ends when all are answered or one was no HTTP. */
function send(port: number, requests: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.resume();
    socket.write(`${requests.join('')}GET /end HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
  });
}

async function flood(port: number, count: number, seed: number): Promise<void> {
  const random = createRandom(seed);
  const made: Made = {
    pick: (list) => list[Math.floor(random() * list.length)] as never,
    word: () => MARK + Math.floor(random() * 2 ** 40).toString(36),
  };
  let left = count / BATCH;
  async function visitor(): Promise<void> {
    while (left > 0) {
      left -= 1;
      // What is no method of HTTP at all ends its connection, and so it comes last.
      const last = left % 10 === 0 ? [`${made.word().toUpperCase()} /x HTTP/1.1\r\nhost: a\r\n\r\n`] : [];
      const some = Array.from({ length: BATCH - last.length }, () =>
        (random() < 0.5 ? madeUp : made.pick(KINDS))(made),
      );
      await send(port, [...some, ...last]);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, visitor));
}

test('a hundred thousand requests that are all different leave as many series as there were', {
  timeout: 180_000,
}, async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'turnpike-flood-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  writeFileSync(join(cwd, 'routes.json'), JSON.stringify(FILE(await startEcho(t))));
  const gateway = await startGatewayProcess(t, {
    cwd,
    env: { MAX_IN_FLIGHT_PER_ADDRESS: '10000' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await ask(`${gateway.adminUrl}/log-level?level=error`, { method: 'POST' });
  const port = Number(new URL(gateway.url).port);
  const look = async () => {
    const { text } = await ask(`${gateway.adminUrl}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
    const samples = [...parseOpenMetrics(text).values()].flatMap((family) => family.samples);
    const series = samples.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`);
    const [resident] = samples.filter(({ name }) => name === 'process_resident_memory_bytes');
    const requests = samples
      .filter(({ name }) => name === 'turnpike_requests_total')
      .reduce((sum, { value }) => sum + value, 0);
    return {
      series: new Set(series.filter((one) => one.startsWith('turnpike_'))),
      bytes: resident?.value ?? 0,
      requests,
    };
  };

  await flood(port, WARM_UP, SEED);
  const before = await look();
  await flood(port, REQUESTS, SEED + 1);
  const after = await look();

  t.diagnostic(
    `${before.series.size} and ${after.series.size} series, ${after.requests} requests, ${Math.round(after.bytes / 2 ** 20)} MiB`,
  );
  assert.ok(after.requests - before.requests >= REQUESTS, `${after.requests - before.requests} were counted`);
  // When the end of a connection that was no HTTP is read is up to the machine: so is whose 400 that is.
  const isOfTheEnd = (one: string): boolean => /"route":"\(none\)".*"status":"400"/.test(one);
  assert.deepEqual(
    [...after.series].filter((one) => !before.series.has(one) && !isOfTheEnd(one)),
    [],
  );
  assert.ok(after.series.size < MOST_SERIES);
  assert.deepEqual(
    [...after.series].filter((one) => one.toLowerCase().includes(MARK)),
    [],
  );
  assert.ok(after.bytes - before.bytes < MOST_GROWTH_BYTES, `${after.bytes - before.bytes} bytes more`);
});
