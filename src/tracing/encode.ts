/**
 * Spans as OTLP/JSON has them (the JSON mapping of opentelemetry-proto, with ids in hex): enumerations are numbers, and
 * what has 64 bits is text.
 */

/** `KIND` of a span. */
export const INTERNAL = 1;
export const SERVER = 2;
export const CLIENT = 3;

/** The code of a status that is an error. */
const ERROR = 2;

/** What stands between an attribute's value and the one before, by its key: there are few. */
const starts = new Map<string, string>();

function startOf(key: string, type: 'stringValue' | 'intValue'): string {
  let start = starts.get(key);
  if (start === undefined) {
    start = `,{"key":"${key}","value":{"${type}":`;
    starts.set(key, start);
  }
  return start;
}

/** The attributes of a span; those without a value are left out. A key is made of letters and dots, and always has values of one type. */
export class Attributes {
  /** Joined at once, with all of the span: a text that grows piece by piece is a tree, which costs more than it holds. */
  readonly pieces: string[] = [];

  text(key: string, value: string | undefined): this {
    if (value !== undefined && value !== '') this.#add(startOf(key, 'stringValue'), JSON.stringify(value));
    return this;
  }

  number(key: string, value: number | undefined): this {
    if (value !== undefined) this.#add(startOf(key, 'intValue'), `"${value}"`);
    return this;
  }

  #add(start: string, value: string): void {
    this.pieces.push(this.pieces.length === 0 ? start.slice(1) : start, value, '}}');
  }
}

/** Milliseconds since 1970 as nanoseconds: as a number they would have no room. */
export function nanos(epochMs: number): string {
  const wholeMs = Math.floor(epochMs);
  const rest = Math.floor((epochMs - wholeMs) * 1e6);
  return `${wholeMs}${String(rest).padStart(6, '0')}`;
}

export interface SpanFacts {
  readonly traceId: string;
  readonly id: string;
  readonly parentId: string | undefined;
  readonly name: string;
  readonly kind: number;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly isError: boolean;
}

export function encodeSpan(span: SpanFacts): string {
  const parent = span.parentId === undefined ? '"' : `","parentSpanId":"${span.parentId}"`;
  return [
    '{"traceId":"',
    span.traceId,
    '","spanId":"',
    span.id,
    parent,
    ',"name":',
    JSON.stringify(span.name),
    ',"kind":',
    span.kind,
    ',"startTimeUnixNano":"',
    nanos(span.startMs),
    '","endTimeUnixNano":"',
    nanos(Math.max(span.startMs, span.endMs)),
    '","attributes":[',
    ...span.attributes.pieces,
    span.isError ? `],"status":{"code":${ERROR}}}` : ']}',
  ].join('');
}

/** The version of the semantic conventions by which spans are named. */
const SCHEMA = 'https://opentelemetry.io/schemas/1.27.0';

/** What stands before and behind the spans of a batch. */
export function createEnvelope(resource: Readonly<Record<string, string>>): (spans: readonly string[]) => string {
  const attributes = Object.entries(resource).map(
    ([key, value]) => `{"key":${JSON.stringify(key)},"value":{"stringValue":${JSON.stringify(value)}}}`,
  );
  const start = `{"resourceSpans":[{"resource":{"attributes":[${attributes.join(',')}]},"scopeSpans":[{"scope":{"name":"turnpike"},"spans":[`;
  const end = `],"schemaUrl":"${SCHEMA}"}]}]}`;
  return (spans) => start + spans.join(',') + end;
}
