/**
 * One step of a key in Redis, whole or not at all.
 *
 * KEYS: the record of the key, and the mark of this data set. ARGV: the step (`look`, `peek`, `begin`, `hold`, `end`), the
 * owner, the fingerprint, the mark that this gateway knows (or nothing), a mark for a data set that has none, for how
 * long a lost data set takes no new keys, the lease and the time to keep in milliseconds; then of `begin` and `peek`, which takes nothing, whether what
 * was lost may be taken over (`1`), and whether a new key may be used, and of `end` the state, the head and the body of the answer.
 *
 * Answers the mark, what the key is (or became), milliseconds where that has an end (-1 where it has none), and of an
 * answer its head and body.
 *
 * A Redis that was emptied has no mark. A gateway that knew one says so with its next step, and for a moment no new key
 * is taken: those that run on other gateways are put back first.
 */
export const KEY_SCRIPT = `
local record, mark = KEYS[1], KEYS[2]
local step, owner, print = ARGV[1], ARGV[2], ARGV[3]
local leaseMs, keepMs = tonumber(ARGV[7]), tonumber(ARGV[8])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function whole(number) return string.format('%.0f', number) end
local known = redis.call('HGET', mark, 'id')
if not known then
  if step == 'peek' then return { ARGV[4], 'begun', 0 } end
  known = ARGV[5]
  local openAt = 0
  if ARGV[4] ~= '' then openAt = now + tonumber(ARGV[6]) end
  redis.call('HSET', mark, 'id', known, 'open', whole(openAt))
end
if step == 'look' then return { known, 'seen', 0 } end
local state, theirs, asked, untilMs = unpack(redis.call('HMGET', record, 'state', 'owner', 'print', 'until'))
local function write(now_is, closedMs, ttlMs)
  redis.call('DEL', record)
  redis.call('HSET', record, 'state', now_is, 'owner', owner, 'print', print, 'until', whole(now + closedMs))
  redis.call('PEXPIRE', record, whole(ttlMs))
end
if step == 'begin' or step == 'peek' then
  if not state then
    local closedMs = tonumber(redis.call('HGET', mark, 'open') or '0') - now
    if closedMs > 0 then return { known, 'closed', closedMs } end
    if ARGV[10] ~= '1' then return { known, 'closed', tonumber(ARGV[6]) } end
  elseif theirs == owner and state == 'running' then return { known, 'begun', 0 }
  elseif asked ~= print then return { known, 'mismatch', 0 }
  elseif state == 'answered' then return { known, state, 0, unpack(redis.call('HMGET', record, 'head', 'body')) }
  elseif state == 'spent' then return { known, state, 0 }
  else
    local leftMs = tonumber(untilMs) - now
    if leftMs > 0 then return { known, state, leftMs } end
    if ARGV[9] ~= '1' then return { known, 'lost', -1 } end
  end
  if step == 'begin' then write('running', leaseMs, leaseMs + keepMs) end
  return { known, 'begun', 0 }
end
if state and theirs ~= owner then return { known, 'taken', 0 } end
if step == 'hold' then
  if state and state ~= 'running' then return { known, 'taken', 0 } end
  write('running', leaseMs, leaseMs + keepMs)
elseif ARGV[9] == 'free' then
  redis.call('DEL', record)
else
  write(ARGV[9], leaseMs, math.max(leaseMs, keepMs))
  if ARGV[9] == 'answered' then redis.call('HSET', record, 'head', ARGV[10], 'body', ARGV[11]) end
end
return { known, 'done', 0 }
`.trim();
