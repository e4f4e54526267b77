import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { isContextKey } from '../context.ts';
import { currentRunner, runAs } from './late-faults.ts';

/** What Node's streams and emitters keep of themselves: without it they throw where nobody's code is on the stack. */
const STATE: ReadonlySet<PropertyKey> = new Set(['_events', '_readableState', '_writableState']);

/**
 * What is lent to a middleware: it may add to it, and replace what is there, but not freeze it, nor take from it what
 * Node needs. Another prototype, as an application of Express puts in place for its own, is told and not put in place.
 */
export function lend<T extends object>(
  target: T,
  onPrototype: (methods: object) => void,
  more: ProxyHandler<T> = {},
): T {
  return new Proxy(target, {
    ...more,
    setPrototypeOf(_target, methods) {
      if (methods !== null) onPrototype(methods);
      return true;
    },
    preventExtensions: () => false,
    defineProperty(one, key, property) {
      if (STATE.has(key) && !isObject(property.value)) return false;
      return Reflect.defineProperty(one, key, property);
    },
    deleteProperty: (one, key) => !STATE.has(key) && Reflect.deleteProperty(one, key),
  });
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

const all = new WeakMap<object, EventEmitter>();

/** The request as its middlewares get it. What an application of Express has of its own (`app`) is there beside. */
export function lendRequest(req: IncomingMessage): IncomingMessage {
  return lendEmitter(req, (key) => {
    // Node has ended a request without a body before anybody could hear of it (`optimizeEmptyRequests`).
    if (key === 'complete') return req.complete || req.readableEnded;
    if (key === 'socket' || key === 'connection') return isObject(req.socket) ? lendEmitter(req.socket) : req.socket;
    return undefined;
  });
}

type Listener = (...args: unknown[]) => unknown;
type Listening = (event: string, listener: Listener) => unknown;

const LISTENING: ReadonlySet<PropertyKey> = new Set([
  'on',
  'once',
  'addListener',
  'prependListener',
  'prependOnceListener',
  'off',
  'removeListener',
] satisfies (keyof EventEmitter)[]);

/** An emitter of Node's whose listeners are known as those of the stage that adds them. */
function lendEmitter<T extends EventEmitter>(emitter: T, find: (key: PropertyKey) => unknown = () => undefined): T {
  const known = all.get(emitter);
  if (known !== undefined) return known as T;
  const listeners = new WeakMap<Listener, Listener>();
  let methods: object | undefined;
  const lent: T = lend(
    emitter,
    (more) => {
      methods = more;
    },
    {
      ownKeys: (target) => Reflect.ownKeys(target).filter((key) => !isContextKey(key)),
      get(target, key, receiver) {
        const found = find(key);
        if (found !== undefined) return found;
        const isOwn = Object.hasOwn(target, key);
        if (LISTENING.has(key) && !isOwn) return listenWith(key as 'on');
        return Reflect.get(
          !isOwn && methods !== undefined && Object.hasOwn(methods, key) ? methods : target,
          key,
          receiver,
        );
      },
    },
  );
  const listenWith =
    (name: 'on' | 'off'): Listening =>
    (event, listener) => {
      const known = typeof listener === 'function' ? (listeners.get(listener) ?? guarded(listener, lent)) : listener;
      if (known !== listener) listeners.set(listener, known);
      emitter[name](event, known);
      return lent;
    };
  all.set(emitter, lent);
  return lent;
}

/** Node calls it in no stage's name: what it throws is told to the stage that has added it. */
function guarded(listener: Listener, self: object): Listener {
  const runner = currentRunner();
  if (runner === undefined) return listener;
  return (...args) => {
    try {
      return runAs(runner, () => listener.apply(self, args));
    } catch (error) {
      return runner.late(error);
    }
  };
}
