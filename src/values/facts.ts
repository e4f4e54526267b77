import type { RequestContext } from '../context.ts';
import { normalizeHost } from '../lib/host-name.ts';
import type { AnswerFields } from '../sink.ts';
import { ConsumerFacts } from './consumer-facts.ts';
import { readable } from './readable.ts';

/** What an expression may see beside the request itself, where there is such a thing. */
export interface Sights {
  /** Body of the request, as JSON; undefined where it has none. */
  readonly body?: unknown;
  readonly response?: ResponseFacts;
  readonly error?: ErrorFacts;
  /** Answers of the parts of an aggregate that are there already, by their names. */
  readonly parts?: unknown;
}

/** An answer on its way to the client. A class, since the language tells types by their makers. */
export class ResponseFacts {
  readonly status: bigint;
  readonly headers: ReadonlyMap<string, string>;
  /** As JSON; null where it is read by nobody. */
  readonly body: unknown;

  constructor(status: number, fields: AnswerFields, body: unknown = null) {
    this.status = BigInt(status);
    this.headers = new Map(
      Object.entries(fields).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, [value].flat().join(', ')]],
      ),
    );
    this.body = readable(body);
  }
}

/** Why a request was refused. */
export class ErrorFacts {
  readonly code: string;
  readonly status: bigint;
  readonly title: string;
  readonly detail: string;
  /** Seconds of Retry-After; 0 where it has none. */
  readonly retryAfter: bigint;

  constructor(code: string, status: number, title: string, detail: string, retryAfterSeconds = 0) {
    this.code = code;
    this.status = BigInt(status);
    this.title = title;
    this.detail = detail;
    this.retryAfter = BigInt(retryAfterSeconds);
  }
}

/** The request as an expression sees it. */
export class RequestFacts {
  readonly #context: RequestContext;
  #query: Map<string, string> | undefined;
  #headers: Map<string, string> | undefined;

  constructor(context: RequestContext) {
    this.#context = context;
  }

  get id(): string {
    return this.#context.requestId;
  }

  get method(): string {
    return this.#context.method;
  }

  get path(): string {
    return this.#context.path;
  }

  get scheme(): string {
    return this.#context.scheme;
  }

  /** As routes name it: another spelling of it is the same host. */
  get host(): string {
    return normalizeHost(this.#context.req.headers.host ?? '');
  }

  get address(): string {
    return this.#context.clientAddress;
  }

  get time(): Date {
    return new Date(performance.timeOrigin + this.#context.startedAtMs);
  }

  /** By name, decoded; one that stands several times is joined with commas, as header fields are. */
  get query(): ReadonlyMap<string, string> {
    if (this.#query === undefined) {
      this.#query = new Map();
      for (const [name, value] of new URLSearchParams(this.#context.query)) {
        const before = this.#query.get(name);
        this.#query.set(name, before === undefined ? value : `${before},${value}`);
      }
    }
    return this.#query;
  }

  /** By lower-case name. */
  get headers(): ReadonlyMap<string, string> {
    if (this.#headers === undefined) {
      this.#headers = new Map();
      const { headers } = this.#context.req;
      for (const name in headers) {
        const value = headers[name];
        if (value !== undefined) this.#headers.set(name, typeof value === 'string' ? value : value.join(', '));
      }
    }
    return this.#headers;
  }
}

/** The matched route. */
export class RouteFacts {
  readonly name: string;
  readonly prefix: string;

  constructor(name: string, prefix: string) {
    this.name = name;
    this.prefix = prefix;
  }
}

const NOTHING: Readonly<Record<string, never>> = Object.freeze(Object.create(null));

/** All that one evaluation sees, each made when the expression names it. */
export class Facts {
  readonly #context: RequestContext;
  readonly #sights: Sights;
  #request: RequestFacts | undefined;
  #claims: unknown;

  constructor(context: RequestContext, sights: Sights) {
    this.#context = context;
    this.#sights = sights;
  }

  get request(): RequestFacts {
    this.#request ??= new RequestFacts(this.#context);
    return this.#request;
  }

  /** Decoded: `a%20b` in the path is `a b`. */
  get params(): Readonly<Record<string, string>> {
    const { params = NOTHING } = this.#context;
    const values = Object.values(params);
    if (!values.some((value) => value.includes('%'))) return params;
    return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, decoded(value)]));
  }

  get claims(): unknown {
    this.#claims ??= readable(this.#context.claims ?? NOTHING);
    return this.#claims;
  }

  get consumer(): ConsumerFacts {
    const { consumer, plan = '' } = this.#context;
    return new ConsumerFacts(consumer?.name ?? '', plan, consumer?.metadata);
  }

  get user(): string {
    return this.#context.subject ?? '';
  }

  get issuer(): string {
    return this.#context.issuer ?? '';
  }

  get roles(): readonly string[] {
    return this.#context.roles;
  }

  get scopes(): readonly string[] {
    return this.#context.scopes;
  }

  get route(): RouteFacts {
    return new RouteFacts(this.#context.route?.name ?? '', this.#context.route?.prefix ?? '');
  }

  get body(): unknown {
    return readable(this.#sights.body ?? null);
  }

  get response(): ResponseFacts | undefined {
    return this.#sights.response;
  }

  get error(): ErrorFacts | undefined {
    return this.#sights.error;
  }

  get parts(): unknown {
    return readable(this.#sights.parts ?? NOTHING);
  }
}

/** As it is where the bytes are no UTF-8. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
