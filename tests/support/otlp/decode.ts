import assert from 'node:assert/strict';
import path from 'node:path';
import protobuf from 'protobufjs';

/**
 * The definitions of OTLP as OpenTelemetry publishes them (opentelemetry-proto, Apache License 2.0; here as its exporter
 * for gRPC, 0.38, ships them).
 */
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => path.join(import.meta.dirname, target);
root.loadSync('opentelemetry/proto/collector/trace/v1/trace_service.proto');
root.resolveAll();
const Export = root.lookupType('opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest');

/** Ids are in hex in the JSON of OTLP, unlike other bytes of protobuf; by their names, in bytes. */
const ID_BYTES: Readonly<Record<string, number>> = { traceId: 16, spanId: 8, parentSpanId: 8 };
const AS_TEXT = new Set(['fixed64', 'int64', 'uint64', 'sint64', 'sfixed64']);

/** A span as it came, attributes by their names. */
export interface SpanSeen {
  readonly traceId: string;
  readonly id: string;
  readonly parentId: string | undefined;
  readonly name: string;
  readonly kind: 'INTERNAL' | 'SERVER' | 'CLIENT' | string;
  readonly startNanos: bigint;
  readonly endNanos: bigint;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly isError: boolean;
}

export interface Decoded {
  readonly resource: Readonly<Record<string, string | number>>;
  readonly spans: readonly SpanSeen[];
}

/** Decodes an export, and fails on whatever the definitions or the rules of OTLP/JSON do not know. */
export function decodeExport(text: string): Decoded {
  const checked = checkMessage(JSON.parse(text), Export, 'export');
  const built = Export.fromObject(checked);
  assert.equal(Export.verify(built), null);
  // By way of the wire: what does not survive that is no such message.
  const message = Export.decode(Export.encode(built).finish());
  const plain = Export.toObject(message, { longs: String, enums: String, bytes: Buffer }) as Plain;
  const [only, ...others] = plain.resourceSpans;
  assert.ok(only !== undefined && others.length === 0);
  return {
    resource: byName(only.resource.attributes),
    spans: only.scopeSpans.flatMap(({ scope, spans }) => {
      assert.equal(scope.name, 'turnpike');
      return spans.map(toSeen);
    }),
  };
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string };
}

interface PlainSpan {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly parentSpanId?: Buffer;
  readonly name: string;
  readonly kind: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly Attribute[];
  readonly status?: { readonly code?: string };
}

interface Plain {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly scope: { readonly name: string }; readonly spans: readonly PlainSpan[] }[];
  }[];
}

function toSeen(span: PlainSpan): SpanSeen {
  const parent = span.parentSpanId?.toString('hex') ?? '';
  const seen = {
    traceId: span.traceId.toString('hex'),
    id: span.spanId.toString('hex'),
    parentId: parent === '' ? undefined : parent,
    name: span.name,
    kind: span.kind.replace('SPAN_KIND_', ''),
    startNanos: BigInt(span.startTimeUnixNano),
    endNanos: BigInt(span.endTimeUnixNano),
    attributes: byName(span.attributes ?? []),
    isError: span.status?.code === 'STATUS_CODE_ERROR',
  };
  assert.notEqual(seen.name, '');
  assert.ok(seen.endNanos >= seen.startNanos, `${seen.name} ends before it begins`);
  // Within a day of now: nanoseconds, not anything else.
  assert.ok(Math.abs(Number(seen.startNanos / 1_000_000n) - Date.now()) < 24 * 60 * 60 * 1000);
  return seen;
}

function byName(attributes: readonly Attribute[]): Record<string, string | number> {
  const found: Record<string, string | number> = {};
  for (const { key, value } of attributes) {
    assert.ok(!Object.hasOwn(found, key), `${key} stands twice`);
    found[key] = value.stringValue ?? Number(value.intValue);
  }
  return found;
}

function checkMessage(value: unknown, type: protobuf.Type, at: string): Record<string, unknown> {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), `${at} is no object`);
  const checked: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    const field = type.fields[name];
    assert.ok(field, `${at} has no field "${name}"`);
    const place = `${at}.${name}`;
    if (field.repeated) {
      assert.ok(Array.isArray(item), `${place} is no list`);
      checked[name] = item.map((one, index) => checkValue(one, field, `${place}[${index}]`));
    } else checked[name] = checkValue(item, field, place);
  }
  return checked;
}

function checkValue(value: unknown, field: protobuf.Field, at: string): unknown {
  const { resolvedType, type, name } = field;
  if (resolvedType instanceof protobuf.Type) return checkMessage(value, resolvedType, at);
  if (resolvedType instanceof protobuf.Enum) {
    assert.ok(typeof value === 'number' && value in resolvedType.valuesById, `${at}: ${String(value)}`);
    return value;
  }
  if (type === 'bytes') {
    const bytes = ID_BYTES[name];
    assert.ok(bytes !== undefined && typeof value === 'string');
    assert.match(value, new RegExp(`^(?!0+$)[0-9a-f]{${bytes * 2}}$`), at);
    return Buffer.from(value, 'hex');
  }
  if (AS_TEXT.has(type)) assert.match(String(value), /^\d+$/, at);
  assert.equal(typeof value, AS_TEXT.has(type) || type === 'string' ? 'string' : 'number', at);
  return value;
}
