import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../../src/config/config-error.ts';
import { parseSettings } from '../../../src/config/env.ts';

const ON = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    parseSettings({ ...ON, ...env });
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults.map(({ path, message, hint }) => `${path} ${message}. ${hint}`);
  }
}

const tracingOf = (env: Record<string, string> = ON) => parseSettings(env).tracing;

test('nothing is traced until somebody says where to', () => {
  assert.equal(tracingOf({}), undefined);
  assert.equal(tracingOf({ OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'always_on' }), undefined);
  assert.equal(tracingOf({ ...ON, OTEL_SDK_DISABLED: 'TRUE' }), undefined);
  assert.equal(tracingOf({ ...ON, OTEL_TRACES_EXPORTER: 'none' }), undefined);
  assert.equal(tracingOf({ OTEL_TRACES_EXPORTER: 'otlp' })?.url.href, 'http://localhost:4318/v1/traces');
});

test('what others on the machine are told by these variables is no fault while nothing is traced', () => {
  const others = { OTEL_TRACES_SAMPLER: 'xray', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_BSP_SCHEDULE_DELAY: 'x' };
  assert.equal(tracingOf(others), undefined);
  assert.equal(tracingOf({ ...others, ...ON, OTEL_SDK_DISABLED: 'true' }), undefined);
});

for (const [env, url] of [
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, 'http://c:4318/v1/traces'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c/otlp/' }, 'https://c/otlp/v1/traces'],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/own' }, 'http://c/own'],
  [{ ...ON, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c' }, 'http://c/'],
] as const) {
  test(`spans go to ${url}`, () => assert.equal(tracingOf(env)?.url.href, url));
}

test('everything has the default of OpenTelemetry', () => {
  assert.deepEqual(tracingOf(), {
    url: new URL('http://collector:4318/v1/traces'),
    headers: [],
    ca: undefined,
    isGzip: false,
    timeoutMs: 10_000,
    resource: { 'service.name': 'turnpike' },
    sampler: { isParentBased: true, ratio: 1 },
    batch: { maxQueued: 2048, maxSpans: 512, delayMs: 5_000, timeoutMs: 30_000 },
  });
});

test('what is said for traces goes before what is said for all', () => {
  const tracing = tracingOf({
    ...ON,
    OTEL_EXPORTER_OTLP_HEADERS: 'a=1,b=x%20y',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'c=3',
    OTEL_EXPORTER_OTLP_TIMEOUT: '1000',
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '2000',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'none',
  });
  assert.deepEqual([tracing?.headers, tracing?.timeoutMs, tracing?.isGzip], [['c', '3'], 2_000, false]);
  assert.deepEqual(tracingOf({ ...ON, OTEL_EXPORTER_OTLP_HEADERS: 'a=1, b=x%20y' })?.headers, ['a', '1', 'b', 'x y']);
});

for (const [name, ratio, isParentBased] of [
  ['always_on', 1, false],
  ['always_off', 0, false],
  ['traceidratio', 0.25, false],
  ['parentbased_always_on', 1, true],
  ['parentbased_always_off', 0, true],
  ['parentbased_traceidratio', 0.25, true],
] as const) {
  test(`the sampler ${name} is known`, () => {
    const env = { ...ON, OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: '0.25' };
    assert.deepEqual(tracingOf(env)?.sampler, { ratio, isParentBased });
  });
}

for (const [env, expected] of [
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    /PROTOCOL asks for something other than http\/json.*Set it to "http\/json"/,
  ],
  [{ OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' }, /TRACES_PROTOCOL asks for something other/],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, /OTLP_ENDPOINT is not an address of a collector/],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://me:hush@c' }, /holds a name and a password.*OTLP_HEADERS/],
  [{ OTEL_TRACES_SAMPLER: 'xray' }, /OTEL_TRACES_SAMPLER is none of parentbased_always_on/],
  [{ OTEL_TRACES_SAMPLER_ARG: '1%' }, /SAMPLER_ARG is not a share from 0 to 1.*"0.01"/],
  [{ OTEL_TRACES_SAMPLER_ARG: '1.5' }, /SAMPLER_ARG is not a share/],
  [{ OTEL_TRACES_EXPORTER: 'zipkin' }, /OTEL_TRACES_EXPORTER is none of otlp, none/],
  [{ OTEL_EXPORTER_OTLP_HEADERS: 'hush' }, /OTLP_HEADERS has no key=value at place 1/],
  [{ OTEL_EXPORTER_OTLP_HEADERS: 'a=b,c=hush%0d%0ax' }, /OTLP_HEADERS has no key=value at place 2/],
  [{ OTEL_EXPORTER_OTLP_HEADERS: 'a b=hush' }, /OTLP_HEADERS has no key=value at place 1/],
  [{ OTEL_RESOURCE_ATTRIBUTES: 'a=%' }, /RESOURCE_ATTRIBUTES has no key=value at place 1/],
  [{ OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' }, /COMPRESSION is none of gzip, none/],
  [{ OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere.pem' }, /CERTIFICATE can't be read: ENOENT/],
  [{ OTEL_BSP_MAX_QUEUE_SIZE: '10', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '11' }, /BATCH_SIZE is larger than/],
  [{ OTEL_EXPORTER_OTLP_TIMEOUT: '10s' }, /OTLP_TIMEOUT is not a number/],
] as const) {
  test(`${JSON.stringify(env)} is a fault`, () => {
    const faults = faultsOf(env);
    assert.equal(faults.length, 1, faults.join('; '));
    assert.match(String(faults[0]), expected);
    assert.doesNotMatch(String(faults[0]), /hush/);
  });
}
