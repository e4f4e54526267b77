import { readFileSync } from 'node:fs';
import { TOKEN } from '../lib/http-token.ts';
import type { TracingSettings } from '../settings.ts';
import { type EnvReader, readChoice, readCount, readList } from './env-values.ts';

const OTLP = 'OTEL_EXPORTER_OTLP_';
const TRACES = `${OTLP}TRACES_`;
const DEFAULT_ENDPOINT = 'http://localhost:4318';

/**
 * Where spans are sent, by the variables of OpenTelemetry. Undefined where nothing is traced, which is so until an
 * endpoint is named: a gateway that nobody told about a collector has none to look for.
 */
export function readTracing(all: EnvReader): TracingSettings | undefined {
  const isOn = isAskedFor(all);
  // What is set for other programs on this machine is none of ours.
  const reader = isOn ? all : { ...all, fault: () => undefined };
  const url = readEndpoint(reader);
  checkProtocol(reader);
  const settings = {
    url: url ?? new URL(`${DEFAULT_ENDPOINT}/v1/traces`),
    headers: readHeaders(reader),
    ca: readAuthority(reader),
    isGzip: readCompression(reader) === 'gzip',
    timeoutMs: readForTraces(reader, 'TIMEOUT', (name) => readCount(reader, name, 10_000)),
    resource: readResource(reader),
    sampler: readSampler(reader),
    batch: readBatch(reader),
  };
  return isOn ? settings : undefined;
}

function isAskedFor(reader: EnvReader): boolean {
  const isDisabled = reader.text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true';
  const names = ['OTEL_TRACES_EXPORTER', `${OTLP}ENDPOINT`, `${TRACES}ENDPOINT`];
  const isNamed = names.map((name) => reader.text(name)).some((text) => text !== undefined);
  if (isDisabled || !isNamed) return false;
  return readChoice(reader, 'OTEL_TRACES_EXPORTER', ['otlp', 'none'], 'otlp') === 'otlp';
}

/** What is set for traces goes before what is set for all that is sent by OTLP. */
function readForTraces<T>(reader: EnvReader, what: string, read: (name: string) => T): T {
  const isSet = reader.text(TRACES + what) !== undefined;
  const general = read(OTLP + what);
  return isSet ? read(TRACES + what) : general;
}

function readEndpoint(reader: EnvReader): URL | undefined {
  const base = parseEndpoint(reader, `${OTLP}ENDPOINT`);
  const own = parseEndpoint(reader, `${TRACES}ENDPOINT`);
  if (own !== undefined || base === undefined) return own;
  base.pathname = `${base.pathname.replace(/\/+$/, '')}/v1/traces`;
  return base;
}

/** No value is repeated: it may hold a password. */
function parseEndpoint(reader: EnvReader, name: string): URL | undefined {
  const text = reader.text(name);
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    reader.fault(name, 'is not an address of a collector', `Write it like "${DEFAULT_ENDPOINT}".`);
    return undefined;
  }
  if (url.username !== '' || url.password !== '') {
    reader.fault(name, 'holds a name and a password', `Put them into ${OTLP}HEADERS, as "authorization=Basic%20…".`);
    return undefined;
  }
  return url;
}

/** Spans are sent as JSON; OpenTelemetry's own default is protobuf, so a word of that is no oversight. */
function checkProtocol(reader: EnvReader): void {
  for (const name of [`${OTLP}PROTOCOL`, `${TRACES}PROTOCOL`]) {
    const asked = reader.text(name);
    if (asked === undefined || asked === 'http/json') continue;
    const hint =
      'Set it to "http/json", or take it out: a collector takes JSON at the port that it takes protobuf over HTTP at (4318).';
    reader.fault(name, 'asks for something other than http/json, which is all that this gateway speaks', hint);
  }
}

function readCompression(reader: EnvReader): 'gzip' | 'none' {
  return readForTraces(reader, 'COMPRESSION', (name) => readChoice(reader, name, ['gzip', 'none'], 'none'));
}

function readAuthority(reader: EnvReader): string | undefined {
  return readForTraces(reader, 'CERTIFICATE', (name) => {
    const file = reader.text(name);
    if (file === undefined) return undefined;
    try {
      return readFileSync(file, 'utf8');
    } catch (cause) {
      reader.fault(name, `can't be read: ${(cause as NodeJS.ErrnoException).code} ${file}`, 'It takes a PEM file.');
      return undefined;
    }
  });
}

function readHeaders(reader: EnvReader): string[] {
  const pairs = readForTraces(reader, 'HEADERS', (name) =>
    readPairs(reader, name, (key, value) => TOKEN.test(key) && /^[\t\x20-\x7e]*$/.test(value)),
  );
  return [...pairs].flat();
}

function readResource(reader: EnvReader): Record<string, string> {
  const given = readPairs(reader, 'OTEL_RESOURCE_ATTRIBUTES', () => true);
  const name = reader.text('OTEL_SERVICE_NAME') ?? given.get('service.name') ?? 'turnpike';
  return Object.fromEntries([...given.set('service.name', name)]);
}

/** `key=value,key=value`, percent-encoded where need be. No value is repeated. */
function readPairs(reader: EnvReader, name: string, isGood: (key: string, value: string) => boolean) {
  const pairs = new Map<string, string>();
  readList(reader, name).forEach((item, index) => {
    const equals = item.indexOf('=');
    const key = item.slice(0, Math.max(0, equals)).trim();
    const value = decode(item.slice(equals + 1).trim());
    if (key !== '' && value !== undefined && isGood(key, value)) pairs.set(key, value);
    else reader.fault(name, `has no key=value at place ${index + 1}`, 'Write it like "key1=value1,key2=value2".');
  });
  return pairs;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const SAMPLERS = [
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
  'always_on',
  'always_off',
  'traceidratio',
] as const;

function readSampler(reader: EnvReader): TracingSettings['sampler'] {
  const name = readChoice(reader, 'OTEL_TRACES_SAMPLER', SAMPLERS, 'parentbased_always_on');
  const share = readShare(reader);
  const ratio = name.endsWith('ratio') ? share : Number(name.endsWith('_on'));
  return { isParentBased: name.startsWith('parentbased'), ratio };
}

function readShare(reader: EnvReader): number {
  const text = reader.text('OTEL_TRACES_SAMPLER_ARG');
  if (text === undefined) return 1;
  const share = /^\d*\.?\d+(?:e-\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (share >= 0 && share <= 1) return share;
  reader.fault('OTEL_TRACES_SAMPLER_ARG', 'is not a share from 0 to 1', 'Write 1 % as "0.01"; the default is 1.');
  return 1;
}

function readBatch(reader: EnvReader): TracingSettings['batch'] {
  const maxQueued = readCount(reader, 'OTEL_BSP_MAX_QUEUE_SIZE', 2048);
  const maxSpans = readCount(reader, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', Math.min(512, maxQueued));
  if (maxSpans > maxQueued)
    reader.fault('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 'is larger than OTEL_BSP_MAX_QUEUE_SIZE', 'The default is 512.');
  return {
    maxQueued,
    maxSpans,
    delayMs: readCount(reader, 'OTEL_BSP_SCHEDULE_DELAY', 5_000),
    timeoutMs: readCount(reader, 'OTEL_BSP_EXPORT_TIMEOUT', 30_000),
  };
}
