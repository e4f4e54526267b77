import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KongFault } from '../../../../src/cli/from-kong/read-kong.ts';
import { ofKong } from '../../../support/kong.ts';

const faultOf = async (text: string): Promise<KongFault> => {
  const error: unknown = await ofKong(text).then(
    () => assert.fail('it was taken'),
    (thrown) => thrown,
  );
  assert.ok(error instanceof KongFault, String(error));
  return error;
};

test('what is no declarative file of Kong is refused, with its line', async () => {
  for (const [text, line, word] of [
    ['_format_version: "4.0"\n', 1, /"4.0" is not known here/],
    ['services: []\n', 1, /"_format_version" is missing/],
    ['_format_version: "3.0"\nservices: {}\n', 2, /expected a list for "services"/],
    ['_format_version: "3.0"\nservices:\n  - name: a\n    host: [b]\n', 4, /expected a text for "host"/],
    ['_format_version: "3.0"\nservices:\n  - name: a\n', 3, /needs "url" or "host"/],
    ['_format_version: "3.0"\nroutes:\n  - service: nobody\n', 3, /there is no service "nobody"/],
    ['_format_version: "3.0"\n_format_version: "3.0"\n', 2, /unique/],
    ['_format_version: "3.0"\nservices: *nothing\n', 2, /alias/i],
  ] as const) {
    const fault = await faultOf(text);
    assert.match(fault.message, word);
    assert.equal(fault.line, line, text);
  }
});

test('aliases that unfold to more than anybody reads are refused soon', async () => {
  const levels = Array.from(
    { length: 12 },
    (_, at) => `l${at}: &l${at} [${Array(10).fill(at === 0 ? 'x' : `*l${at - 1}`)}]`,
  );
  const begunAtMs = performance.now();
  const fault = await faultOf(`_format_version: "3.0"\n${levels.join('\n')}\n`);
  assert.match(fault.message, /once its aliases are unfolded/);
  assert.ok(performance.now() - begunAtMs < 10_000);
});

test('an alias within itself, and what is nested without end, are refused', async () => {
  assert.match((await faultOf('_format_version: "3.0"\na: &a [*a]\n')).message, /deeper|stands for nothing|alias/i);
  const deep = `${'['.repeat(100)}${']'.repeat(100)}`;
  assert.match((await faultOf(`_format_version: "3.0"\na: ${deep}\n`)).message, /deeper/);
});

test('aliases and merged maps are read as they are meant, and JSON is YAML too', async () => {
  const yaml = `_format_version: "3.0"
x-common: &common { name: rate-limiting, config: { minute: 7 } }
services:
  - name: s
    url: http://localhost:4001
    routes:
      - { name: a, paths: [/a], plugins: [*common] }
      - { name: b, paths: [/b], plugins: [{ <<: *common, tags: [x] }] }
`;
  const made = await ofKong(yaml);
  for (const name of ['a', 'b']) assert.equal(made.route(name).rateLimits[0].limit, 7);
  const json = {
    _format_version: '2.1',
    services: [{ name: 's', url: 'http://localhost:4001', routes: [{ paths: ['/a'] }] }],
  };
  assert.equal((await ofKong(JSON.stringify(json, null, 2))).file.routes[0].prefix, '/a');
});

test('names that are those of the prototype are names like any other', async () => {
  const made = await ofKong(`_format_version: "3.0"
__proto__: { polluted: true }
services:
  - name: constructor
    url: http://localhost:4001
    routes: [{ name: toString, paths: [/a], headers: { constructor: [x] } }]
`);
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  assert.equal(made.route('toString').service, 'constructor');
  assert.match(made.notes, /line 2: "__proto__"/);
});

test('a text that would be read as a placeholder never gets into the file', async () => {
  const secret = '${ENV:HOME}';
  const host = `_format_version: "3.0"
services:
  - name: s
    host: localhost
    path: /${secret}
    routes: [{ paths: [/a] }]
`;
  await assert.rejects(ofKong(host), KongFault);
  const made = await ofKong(`_format_version: "3.0"
services:
  - name: s
    url: http://localhost:4001
    routes:
      - name: r
        paths: [/a]
        plugins:
          - name: request-transformer
            config: { add: { headers: ["x-a:${secret}"] } }
          - name: request-termination
            config: { message: "${secret}" }
`);
  assert.ok(!made.text.includes(`"${secret}"`));
  assert.match(made.notes, /read as a placeholder/);
});
