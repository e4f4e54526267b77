import { z } from 'zod';

/**
 * How consumers stand in Redis: what `turnpike key` writes and the gateways read.
 *
 * `rows` has a consumer by its name, for the command line; `keys` has what a gateway needs by the hash of a key;
 * `used` has when a key was last seen. All three share a hash tag, so that one script can write them in a cluster.
 */
export const CONSUMER_KEYS = {
  rows: '{consumers}:rows',
  keys: '{consumers}:keys',
  used: '{consumers}:used',
} as const;

/** What stands under the hash of a key. */
export const storedKey = z.object({
  consumer: z.string(),
  id: z.string(),
  plan: z.string().optional(),
  roles: z.array(z.string()).default([]),
  expiresAt: z.string().optional(),
});

/**
 * Writes a consumer whole: KEYS are rows and keys; ARGV the name, its row, then hash and record of each of its keys.
 * The hashes that its row had before and has no more are removed with it.
 */
export const WRITE_CONSUMER = `
local before = redis.call('HGET', KEYS[1], ARGV[1])
if before then
  for _, key in ipairs(cjson.decode(before).keys or {}) do redis.call('HDEL', KEYS[2], key.sha256) end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
return 1
`;
