import { foldName } from '../lib/fold-name.ts';
import { isObject, type JsonObject, own } from '../lib/json-object.ts';
import { type Asked, KNOWN_METHODS, type McpCall, NAMING_METHODS } from './calls.ts';
import { INVALID_PARAMS, INVALID_REQUEST, McpFault } from './message-fault.ts';

/** Longer names nobody gives; a URI may be longer. */
const MAX_NAME_CHARS = 4_096;

/** More resources nobody listens to at once. */
const MAX_SUBSCRIPTIONS = 1_000;

/** What a service looks at in a message: another spelling of it is what a lenient reader may take for it (Go's, for one). */
const MESSAGE_KEYS = spellings('jsonrpc', 'id', 'method', 'params', 'result', 'error');
const PARAMS_KEYS = spellings('name', 'uri', 'taskId', 'ref', 'notifications');
const REFERENCE_KEYS = spellings('type', 'name', 'uri');
const FILTER_KEYS = spellings('resourceSubscriptions');

interface Spellings {
  readonly keys: ReadonlySet<string>;
  readonly folded: ReadonlySet<string>;
}

function spellings(...keys: readonly string[]): Spellings {
  return { keys: new Set(keys), folded: new Set(keys.map(foldName)) };
}

/**
 * The calls in a body that was parsed: of one message, or of a batch (JSON-RPC 2.0, section 6; MCP 2025-03-26). Answers of
 * a client to what the server has asked are none. Throws `McpFault` for whatever is no message, or could be taken for
 * another one.
 */
export function readMessages(body: unknown, maxBatch: number): readonly McpCall[] {
  if (!Array.isArray(body)) return readOne(body);
  if (body.length === 0) throw new McpFault(INVALID_REQUEST, 'an empty batch');
  if (body.length > maxBatch) throw new McpFault(INVALID_REQUEST, `a batch of ${body.length}, at most ${maxBatch}`);
  return body.flatMap(readOne);
}

function readOne(message: unknown): readonly McpCall[] {
  if (!isObject(message)) throw new McpFault(INVALID_REQUEST, 'a message that is no object');
  const id = own(message, 'id');
  refuseOtherSpellings(message, MESSAGE_KEYS, id);
  const method = own(message, 'method');
  const isAnswer = Object.hasOwn(message, 'result') || Object.hasOwn(message, 'error');
  if (method === undefined && isAnswer) return [];
  if (typeof method !== 'string' || isAnswer)
    throw new McpFault(INVALID_REQUEST, 'a message without one method, or one that is an answer as well', id);
  checkMethod(method, id);
  const params = own(message, 'params');
  if (params !== undefined && !isObject(params)) {
    throw new McpFault(INVALID_REQUEST, '"params" that are no object', id);
  }
  const members = params ?? {};
  refuseOtherSpellings(members, PARAMS_KEYS, id);
  return [{ method, id, ...asksOf(method, members, id) }];
}

function asksOf(method: string, params: JsonObject, id: unknown): Pick<McpCall, 'asks' | 'headerName'> {
  const naming = NAMING_METHODS.get(method);
  if (naming !== undefined) {
    const name = readName(own(params, naming.field), `params.${naming.field}`, id);
    const { kind } = naming;
    return { asks: kind === undefined ? [] : [{ kind, name }], headerName: name };
  }
  const asks =
    method === 'completion/complete'
      ? referenceOf(params, id)
      : method === 'subscriptions/listen'
        ? subscriptionsOf(params, id)
        : [];
  return { asks, headerName: undefined };
}

/** A prompt, or the template of a resource, whose argument is to be completed. */
function referenceOf(params: JsonObject, id: unknown): readonly Asked[] {
  const ref = own(params, 'ref');
  if (!isObject(ref)) throw new McpFault(INVALID_PARAMS, '"params.ref" that is no object', id);
  refuseOtherSpellings(ref, REFERENCE_KEYS, id);
  // Whatever it names is held to the rules, of whichever type it says that it is.
  const asks: Asked[] = [];
  for (const [field, kind] of [
    ['name', 'prompt'],
    ['uri', 'resource'],
  ] as const) {
    if (Object.hasOwn(ref, field)) asks.push({ kind, name: readName(ref[field], `params.ref.${field}`, id) });
  }
  if (asks.length === 0) throw new McpFault(INVALID_PARAMS, '"params.ref" that names nothing', id);
  return asks;
}

/** The resources whose changes are to be told. */
function subscriptionsOf(params: JsonObject, id: unknown): readonly Asked[] {
  const filter = own(params, 'notifications');
  if (filter === undefined) return [];
  if (!isObject(filter)) throw new McpFault(INVALID_PARAMS, '"params.notifications" that is no object', id);
  refuseOtherSpellings(filter, FILTER_KEYS, id);
  const uris = own(filter, 'resourceSubscriptions') ?? [];
  if (!Array.isArray(uris)) throw new McpFault(INVALID_PARAMS, '"resourceSubscriptions" that are no list', id);
  if (uris.length > MAX_SUBSCRIPTIONS) {
    throw new McpFault(INVALID_PARAMS, `more than ${MAX_SUBSCRIPTIONS} "resourceSubscriptions"`, id);
  }
  return uris.map((uri: unknown) => ({ kind: 'resource', name: readName(uri, 'resourceSubscriptions', id) }));
}

/** A name that every reader reads alike: no half of a character, none that ends a text elsewhere, no space around it. */
export function readName(name: unknown, place: string, id?: unknown): string {
  if (typeof name !== 'string' || name === '') throw new McpFault(INVALID_PARAMS, `"${place}" is no name`, id);
  if (name.length > MAX_NAME_CHARS) throw new McpFault(INVALID_PARAMS, `"${place}" is too long`, id);
  if (!isPlain(name) || name !== name.trim())
    throw new McpFault(INVALID_PARAMS, `"${place}" has a character that no name has`, id);
  return name;
}

/** Throws for another spelling of a method that the protocol has, which a lenient service may take for that one. */
export function checkMethod(method: string, id?: unknown): void {
  if (KNOWN_METHODS.has(method)) return;
  const isOdd = method.length > 256 || !isPlain(method);
  if (isOdd || FOLDED_METHODS.has(foldName(method.trim()).replace(/^\/+|\/+$/g, ''))) {
    throw new McpFault(INVALID_REQUEST, 'a method in another spelling than the protocol has it', id);
  }
}

const FOLDED_METHODS: ReadonlySet<string> = new Set([...KNOWN_METHODS].map(foldName));

function refuseOtherSpellings(members: JsonObject, { keys, folded }: Spellings, id: unknown): void {
  for (const key of Object.keys(members)) {
    if (keys.has(key) || key.length > 64 || !folded.has(foldName(key))) continue;
    throw new McpFault(INVALID_REQUEST, 'a member in another spelling than the protocol has it', id);
  }
}

/** No control characters, and no half of a character outside the basic plane. */
function isPlain(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.isWellFormed() && !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/.test(text);
}
