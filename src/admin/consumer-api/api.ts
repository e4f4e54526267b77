import type { IncomingMessage } from 'node:http';
import { CONSUMER_NAME, KEY_ID } from '../../auth/caller-facts.ts';
import { consumerError } from '../../auth/consumer-faults.ts';
import { createChangeTeller } from '../../auth/redis-api-keys.ts';
import { RedisConsumers } from '../../auth/redis-consumers.ts';
import { GatewayError } from '../../errors.ts';
import { type AdminAnswer, type AdminSource, refusal } from '../answer.ts';
import { describeConsumers } from '../consumers.ts';
import { decodePart } from '../decode-part.ts';
import { type ConsumerCall, readBody } from './call.ts';
import { createConsumer, deleteConsumer, listConsumers, readConsumer, updateConsumer } from './consumers.ts';
import { createKey, listKeys, revokeKey, rotateOne } from './keys.ts';
import { readUsage } from './usage.ts';

type Action = (call: ConsumerCall, name: string, id: string) => Promise<AdminAnswer>;

/** What there is, by the path below `/consumers` and the method. `*` is a name. */
const ACTIONS: Readonly<Record<string, Readonly<Record<string, Action>>>> = {
  '': { GET: listConsumers, POST: createConsumer },
  '/*': { GET: readConsumer, PATCH: updateConsumer, DELETE: deleteConsumer },
  '/*/keys': { GET: listKeys, POST: createKey },
  '/*/keys/*': { DELETE: revokeKey },
  '/*/keys/*/rotate': { POST: rotateOne },
  '/*/usage': { GET: readUsage },
};

/** Answers a path from `/consumers` on: consumers, keys and usage on the Redis store, JSON in and out. */
export function createConsumerApi(source: Pick<AdminSource, 'deps' | 'gateway'>) {
  const { redis, clock, log, pool } = source.deps;
  const store = redis === undefined ? undefined : new RedisConsumers(redis, createChangeTeller(pool));

  /** What is answered where nothing is stored in Redis. */
  function answerOfFile(path: string, method: string, query: URLSearchParams): AdminAnswer | undefined {
    const isInFile = source.gateway.snapshot.config.consumerStore === 'file';
    const isList = path === '/consumers' && method === 'GET';
    if (isList && (isInFile || query.get('store') === 'file')) return describeConsumers(source);
    return isInFile ? refusal('consumers_in_file') : undefined;
  }

  async function act({ action, name, id }: Found, req: IncomingMessage, query: URLSearchParams): Promise<AdminAnswer> {
    if (store === undefined) return refusal('consumers_unavailable', { detail: 'REDIS_URL is not set.' });
    const body = hasInput(req) ? await readBody(req) : {};
    return action({ source, store, req, query, body, nowMs: clock.now() }, name, id);
  }

  return async function answer(req: IncomingMessage, path: string, query: URLSearchParams): Promise<AdminAnswer> {
    const method = req.method === 'HEAD' ? 'GET' : (req.method ?? 'GET');
    const found = find(path, method);
    if (!('action' in found)) return found;
    try {
      return answerOfFile(path, method, query) ?? (await act(found, req, query));
    } catch (thrown) {
      return answerFault(thrown);
    }
  };

  function answerFault(thrown: unknown): AdminAnswer {
    const error = consumerError(thrown);
    if (!(error instanceof GatewayError)) throw error;
    if (error.status >= 500) log.warn('consumers could not be read or changed', { error: error.cause });
    return problem(error);
  }
}

function hasInput({ method }: IncomingMessage): boolean {
  return method === 'POST' || method === 'PATCH';
}

interface Found {
  readonly action: Action;
  readonly name: string;
  readonly id: string;
}

const NOT_FOUND = refusal('not_found', { detail: 'See /openapi.json for what there is.' });

/** What is done at a path by a method, with the names in it, or why there is nothing. */
function find(path: string, method: string): Found | AdminAnswer {
  const parts = path.split('/').slice(2).map(decodePart);
  const shape = parts.map((part, index) => (index === 0 || index === 2 ? '/*' : `/${part}`)).join('');
  const actions = Object.hasOwn(ACTIONS, shape) ? ACTIONS[shape] : undefined;
  const [name = '', , id = ''] = parts;
  const areNames = (parts.length === 0 || CONSUMER_NAME.test(name)) && (parts.length < 3 || KEY_ID.test(id));
  if (actions === undefined || !areNames) return NOT_FOUND;
  const action = Object.hasOwn(actions, method) ? actions[method] : undefined;
  if (action !== undefined) return { action, name, id };
  return refusal('method_not_allowed', { headers: ['allow', Object.keys(actions).join(', ')] });
}

function problem(error: GatewayError): AdminAnswer {
  const { errors, retryAfterSeconds } = error.extras ?? {};
  return refusal(error.code, {
    detail: error.message,
    ...(errors !== undefined && { body: { errors } }),
    ...(retryAfterSeconds !== undefined && { headers: ['retry-after', String(retryAfterSeconds)] }),
  });
}
