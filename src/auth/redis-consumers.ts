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
 * Writes a consumer whole, if its row is still what the caller read: KEYS are rows and keys; ARGV the name, the row as
 * it was (empty: there was none), the row as it shall be, then hash and record of each of its keys. Answers 1, or 0
 * where somebody else was faster. The hashes that its row had before and has no more are removed with it.
 */
export const WRITE_CONSUMER = `
local before = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if before ~= ARGV[2] then return 0 end
if before ~= '' then
  for _, key in ipairs(cjson.decode(before).keys or {}) do redis.call('HDEL', KEYS[2], key.sha256) end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
return 1
`;
