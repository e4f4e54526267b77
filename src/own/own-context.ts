import type { IncomingHttpHeaders } from 'node:http';
import { bodyOf } from '../body/body-of.ts';
import { cacheTermsOf } from '../cache-terms.ts';
import type { RequestContext } from '../context.ts';
import type { GatewayError } from '../errors.ts';
import type { Consumer } from '../facts.ts';
import { normalizeHost } from '../lib/host-name.ts';
import { checkedName, checkedValue, isSaidOnce } from './checked-fields.ts';
import { answerOf, type OwnAnswer, refusalOf } from './decision.ts';
import type { Decided, Refusal, StageAnswer, StageConsumer, StageLog, StageRequest } from './define-stage.ts';
import { isHidden } from './hidden-fields.ts';

/** What a context asks of the call that it belongs to. */
export interface ContextOwner {
  readonly log: StageLog;
  /** Shared by the own stages of a request. */
  readonly state: Map<string, unknown>;
  readonly signal: AbortSignal;
  /** Throws where the request is decided already, or has gone on. */
  decide(decision: GatewayError | OwnAnswer): void;
  /** Throws where the request has gone on: what it tells the service has been told. */
  assertOpen(what: string): void;
  /** Waits for the client: that is no time of the stage's. */
  whileClient<T>(work: Promise<T>): Promise<T>;
}

const DECIDED: Decided = Object.freeze({ decided: true });
const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});
const NO_BYTES = Buffer.alloc(0);

/** The request as own stages see it: a few names that stay, before fields that may change. */
export class OwnContext implements StageRequest {
  readonly #context: RequestContext;
  readonly #owner: ContextOwner;
  readonly #toldLate: ((context: RequestContext) => void) | undefined;
  /** An open WebSocket has let its request go, and its end is told too. */
  readonly #headers: IncomingHttpHeaders;
  #query: URLSearchParams | undefined;

  /** `toldLate`: hears of fields that the service is told where the cache has looked already. */
  constructor(context: RequestContext, owner: ContextOwner, toldLate?: (context: RequestContext) => void) {
    this.#toldLate = toldLate;
    this.#context = context;
    this.#owner = owner;
    this.#headers = context.req.headers;
  }

  get method(): string {
    return this.#context.method;
  }

  get path(): string {
    return this.#context.path;
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#context.query);
    return this.#query;
  }

  get params(): Readonly<Record<string, string>> {
    return Object.freeze(this.#context.params ?? NO_PARAMS);
  }

  get host(): string {
    return normalizeHost(this.#headers.host ?? '');
  }

  get headers(): StageRequest['headers'] {
    const headers = this.#headers;
    return {
      get(name) {
        const key = name.toLowerCase();
        if (isHidden(key) || !Object.hasOwn(headers, key)) return undefined;
        const value = headers[key];
        return Array.isArray(value) ? value.join(', ') : value;
      },
    };
  }

  get address(): string {
    return this.#context.clientAddress;
  }

  get consumer(): StageConsumer | undefined {
    const { consumer } = this.#context;
    return consumer === undefined ? undefined : shownConsumer(consumer);
  }

  get user(): string | undefined {
    return this.#context.subject;
  }

  get claims(): Readonly<Record<string, unknown>> | undefined {
    return this.#context.claims;
  }

  get roles(): readonly string[] {
    return this.#context.roles;
  }

  get scopes(): readonly string[] {
    return this.#context.scopes;
  }

  get plan(): string | undefined {
    return this.#context.plan;
  }

  get requestId(): string {
    return this.#context.requestId;
  }

  get route(): string {
    return this.#context.route?.name ?? '';
  }

  get isUpgrade(): boolean {
    return this.#context.upgrade !== undefined;
  }

  get state(): Map<string, unknown> {
    return this.#owner.state;
  }

  get signal(): AbortSignal {
    return this.#owner.signal;
  }

  get log(): StageLog {
    return this.#owner.log;
  }

  setServiceHeader(name: string, value: string | undefined): void {
    const key = checkedName(name);
    const text = value === undefined ? undefined : checkedValue(key, value);
    this.#owner.assertOpen('setServiceHeader');
    setField(this.#context.upstreamHeaders, key, text);
    // What the service answers by it is no answer for whoever has another value.
    const terms = cacheTermsOf(this.#context);
    terms.parts.push(key, text);
    terms.told.set(key, text);
    this.#toldLate?.(this.#context);
  }

  setClientHeader(name: string, value: string): void {
    const key = checkedName(name);
    if (isSaidOnce(key)) throw new TypeError(`"${key}" is said by whoever answers: edit it in the hook "head"`);
    this.#context.addHeader(key, checkedValue(key, value));
  }

  refuse(why: Refusal, detail?: string, more?: Parameters<StageRequest['refuse']>[2]): Decided {
    this.#owner.decide(refusalOf(why, detail, more));
    return DECIDED;
  }

  respond(answer: StageAnswer): Decided {
    this.#owner.decide(answerOf(answer));
    return DECIDED;
  }

  async readBody(): Promise<Buffer> {
    this.#owner.assertOpen('readBody');
    const whole = bodyOf(this.#context)?.whole();
    return whole === undefined ? NO_BYTES : await this.#owner.whileClient(whole);
  }
}

/** Every request has it: a stage that changes it would change it for all routes. */
Object.freeze(OwnContext.prototype);

const shown = new WeakMap<Consumer, StageConsumer>();

/** One consumer serves many requests, and a stage gets of it what it was promised. */
function shownConsumer(consumer: Consumer): StageConsumer {
  let own = shown.get(consumer);
  if (own === undefined) {
    const { name, plan, roles } = consumer;
    own = Object.freeze({ name, plan, roles: Object.freeze([...roles]) });
    shown.set(consumer, own);
  }
  return own;
}

/** Puts one field in the place of all of its name; names and values by turns. */
export function setField(fields: string[], lowerName: string, value: string | undefined): void {
  let kept = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (name.toLowerCase() === lowerName) continue;
    fields[kept++] = name;
    fields[kept++] = fields[i + 1] as string;
  }
  fields.length = kept;
  if (value !== undefined) fields.push(lowerName, value);
}
