import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';

/** Writes a key and gives the nonce back: nothing but a Redis that can write and run scripts answers so. */
const SCRIPT = `redis.call('SET', KEYS[1], ARGV[1], 'PX', 10000) return ARGV[1]`;
/** A connection that left a probe unanswered for so long is given up for a new one. */
const DEAD_AFTER_MS = 2000;

/** The words of a command that writes, and the reply that it must get. */
export function createProbe(key: string): { readonly words: readonly [string, ...string[]]; readonly nonce: string } {
  const nonce = randomUUID();
  return { words: ['EVAL', SCRIPT, '1', key, nonce], nonce };
}

export type ProbeResult =
  | { readonly isQuick: true }
  /** `isSane` is false when it answered what no Redis would, or what was meant for another command. */
  | { readonly isQuick: false; readonly isSane: boolean; readonly reason: string };

/** Asks once, over a connection that is ready; rejects with what the server or the connection says. */
export async function probe(client: Redis | Cluster, key: string, withinMs: number): Promise<ProbeResult> {
  if (client.status !== 'ready') return { isQuick: false, isSane: true, reason: 'no connection' };
  const { words, nonce } = createProbe(key);
  const [command, ...args] = words;
  const deadline = setTimeout(() => client.disconnect(true), DEAD_AFTER_MS);
  const startedAtMs = performance.now();
  try {
    const reply = await client.call(command, ...args);
    if (reply !== nonce) return { isQuick: false, isSane: false, reason: 'it answers as no Redis does' };
  } finally {
    clearTimeout(deadline);
  }
  const tookMs = performance.now() - startedAtMs;
  if (tookMs <= withinMs) return { isQuick: true };
  return { isQuick: false, isSane: true, reason: `it took ${Math.round(tookMs)} ms to answer` };
}
