import { createRequire } from 'node:module';

type Package = typeof import('ioredis');

/** What ioredis calls for every reply, ours to mend (ioredis 6.0.0, built/DataHandler.js). */
interface DataHandler {
  dispatch(handle: () => void): void;
  returnFatalError(error: Error): void;
}

const LAST_SLOT = 16_383;

let loaded: Package | undefined;

/**
 * Loads ioredis, with a fence around what a server may answer. Loaded with the first connection: a gateway without
 * Redis saves 8 MB and 30 ms at start.
 *
 * ioredis takes for granted that a server answers as Redis does. What it stumbles over (`:1` to SUBSCRIBE, an empty
 * CLUSTER SLOTS, a reply to nothing) it throws from a timer or a tick of its own, where nobody can catch it, and the
 * process ends. Here such an answer costs the connection, as other faults of the protocol do.
 */
export function loadRedisPackage(): Package {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  const redis = require('ioredis') as Package;
  const { default: handler } = require('ioredis/built/DataHandler.js') as { default: { prototype: DataHandler } };
  handler.prototype.dispatch = function dispatch(handle) {
    try {
      handle();
    } catch (error) {
      this.returnFatalError(error instanceof Error ? error : new Error(String(error)));
    }
  };
  redis.Command.setReplyTransformer('cluster', checkSlots);
  loaded = redis;
  return redis;
}

/** The reply to CLUSTER SLOTS (a list) or CLUSTER INFO (a text); ioredis reads either without a look at its shape. */
function checkSlots(reply: unknown): unknown {
  if (typeof reply === 'string' || reply instanceof Buffer) return reply;
  if (Array.isArray(reply) && reply.every(isSlotRange)) return reply;
  throw new Error('CLUSTER was answered as no Redis Cluster does');
}

function isSlotRange(range: unknown): boolean {
  if (!Array.isArray(range)) return false;
  const [first, last, ...nodes] = range as readonly unknown[];
  return isSlot(first) && isSlot(last) && nodes.every(isNode);
}

function isSlot(slot: unknown): boolean {
  return Number.isInteger(slot) && (slot as number) >= 0 && (slot as number) <= LAST_SLOT;
}

/** A node that does not know its own address says null, which ioredis skips. */
function isNode(node: unknown): boolean {
  if (!Array.isArray(node)) return false;
  const [host, port] = node as readonly unknown[];
  return (host === null || typeof host === 'string') && Number.isInteger(port);
}
