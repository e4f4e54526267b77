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

/** A text under a key that is made of letters and dots. */
export function textAttribute(key: string, value: string): string {
  return `{"key":"${key}","value":{"stringValue":${JSON.stringify(value)}}}`;
}

export function numberAttribute(key: string, value: number): string {
  return `{"key":"${key}","value":{"intValue":"${value}"}}`;
}

/** The attributes of a span; those without a value are left out. */
export class Attributes {
  #json = '';

  text(key: string, value: string | undefined): this {
    return value === undefined || value === '' ? this : this.#add(textAttribute(key, value));
  }

  number(key: string, value: number | undefined): this {
    return value === undefined ? this : this.#add(numberAttribute(key, value));
  }

  get json(): string {
    return `[${this.#json}]`;
  }

  #add(attribute: string): this {
    this.#json = this.#json === '' ? attribute : `${this.#json},${attribute}`;
    return this;
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
  const parent = span.parentId === undefined ? '' : `"parentSpanId":"${span.parentId}",`;
  const status = span.isError ? `,"status":{"code":${ERROR}}` : '';
  const start = nanos(span.startMs);
  const end = nanos(Math.max(span.startMs, span.endMs));
  return `{"traceId":"${span.traceId}","spanId":"${span.id}",${parent}"name":${JSON.stringify(span.name)},"kind":${span.kind},"startTimeUnixNano":"${start}","endTimeUnixNano":"${end}","attributes":${span.attributes.json}${status}}`;
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
