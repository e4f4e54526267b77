import { createHash } from 'node:crypto';

/**
 * Decides a call over all its windows in Redis, by the server's own clock: all windows count it, or none does.
 * The arithmetic is that of `counters.ts`, step by step: change both, or neither.
 *
 * KEYS: one per window. ARGV: the time (0 for the server's clock; epoch ms in tests), the mode, the cost, and five
 * values per window: kind, limit, windowMs, and for a bucket its burst, for a quota its period's number and end.
 * Modes: `count`; `look` decides the same and writes nothing; `peek` tells what is left in each window; `fill` uses
 * windows up that Redis has lost, each for the milliseconds in its fifth value (no quotas).
 * Answers `{ allowed, index of the deciding window, remaining, reset in ms }`, and of each window what is left, or
 * minus the milliseconds until a call of cost 1 fits; of a quota what is used; then of each quota how much of that was
 * booked (`book-script.ts`). A peek: remaining and reset by turns. A fill: how many windows were used up.
 *
 * State is packed in one string a window: two commands for a call of one window, one more for each further one.
 */
export const INCREMENT_SCRIPT = `
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local mode = ARGV[2]
local cost = tonumber(ARGV[3])
local saved = redis.call('MGET', unpack(KEYS))
local windows = {}

local function open(i)
  local at = 4 + (i - 1) * 5
  local w = { kind = ARGV[at], limit = tonumber(ARGV[at + 1]), ms = tonumber(ARGV[at + 2]) }
  local state = saved[i] and cmsgpack.unpack(saved[i])
  if w.kind == 's' then
    w.partMs = w.ms / 10
    local part = math.floor(now / w.partMs)
    state = state or { part, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
    local steps = math.min(part - state[1], 11)
    if steps > 0 then
      for place = 12, 2, -1 do state[place] = place - steps >= 2 and state[place - steps] or 0 end
      state[1] = part
    end
    w.total = 0
    for place = 2, 12 do w.total = w.total + state[place] end
  elseif w.kind == 'b' then
    w.interval = w.ms / w.limit
    w.burst = tonumber(ARGV[at + 3])
    w.ahead = w.burst * w.interval + 0.001
    state = state or { 0 }
  else
    local number = w.kind == 'f' and math.floor(now / w.ms) or tonumber(ARGV[at + 3])
    if not state or state[1] < number then state = { number, 0 } end
    w.ends = w.kind == 'f' and (state[1] + 1) * w.ms or tonumber(ARGV[at + 4])
  end
  w.state = state
  return w
end

local function estimate(w)
  local gone = math.max(0, (now - w.state[1] * w.partMs) / w.partMs)
  return w.total - math.min(w.state[12] * gone, w.limit * 0.1)
end

local function slidingWait(w)
  if estimate(w) + cost <= w.limit then return 0 end
  local total = w.total
  for step = 0, 10 do
    local starts = (w.state[1] + step) * w.partMs
    local need = total + cost - w.limit
    local leaving = w.state[12 - step]
    if need <= 0 then return math.max(1, starts - now) end
    if need <= math.min(leaving, w.limit * 0.1) then
      return math.max(1, starts + need / leaving * w.partMs - now)
    end
    total = total - leaving
  end
  return math.max(1, (w.state[1] + 11) * w.partMs - now)
end

local function wait(w)
  if w.kind == 's' then return slidingWait(w) end
  if w.kind == 'b' then
    local ahead = math.max(w.state[1], now) + (cost - 1) * w.interval - now
    return ahead <= w.ahead and 0 or math.max(1, ahead - w.ahead)
  end
  return w.state[2] + cost <= w.limit and 0 or math.max(1, w.ends - now)
end

local function save(i, w, ttl)
  redis.call('SET', KEYS[i], cmsgpack.pack(w.state), 'PX', string.format('%.0f', math.max(1, math.ceil(ttl))))
end

local function add(i, w)
  local ttl
  if w.kind == 's' then
    w.state[2] = w.state[2] + cost
    w.total = w.total + cost
    ttl = (w.state[1] + 11) * w.partMs - now
  elseif w.kind == 'b' then
    w.state[1] = math.max(w.state[1], now) + cost * w.interval
    ttl = w.state[1] - now
  else
    w.state[2] = w.state[2] + cost
    ttl = w.ends - now
    -- The period comes from the gateways' clocks: never let a quota go before the last of them is past its end.
    if w.kind == 'q' then ttl = math.max(ttl, 0) + 86400000 end
  end
  save(i, w, ttl)
end

-- Puts calls into two parts of a sliding window, so that the first call fits when it should, and never later.
local function fillSliding(w, ends)
  local part = math.ceil(ends / w.partMs) - 1
  local first = math.ceil(1 / (ends / w.partMs - part))
  if w.limit < 10 then
    -- A tenth of it is no whole call: the first fits when a part is gone.
    part, first = math.floor(ends / w.partMs + 0.5) - 1, w.limit
  elseif first > w.limit then
    part, first = part - 1, 1
  end
  local age = w.state[1] - part + 10
  if age > 10 then return false end
  age = math.max(age, 0)
  for place = 2, 12 do w.state[place] = 0 end
  w.state[2 + age] = first
  local later = 2 + math.max(age - 1, 0)
  w.state[later] = w.state[later] + w.limit - first
  return true
end

-- What is known to be used up stays so for these milliseconds. A window that has not been lost refuses by itself.
local function fill(i, w, left)
  if wait(w) > 0 then return 0 end
  local ends = now + left
  if w.kind == 's' then
    if not fillSliding(w, ends) then return 0 end
    save(i, w, (w.state[1] + 11) * w.partMs - now)
  elseif w.kind == 'b' then
    w.state[1] = ends + w.burst * w.interval
    save(i, w, w.state[1] - now)
  else
    -- What was told a moment ago may lie a little beyond the end of the period.
    if math.floor(ends / w.ms + 0.5) ~= w.state[1] + 1 then return 0 end
    w.state[2] = w.limit
    save(i, w, w.ends - now)
  end
  return 1
end

local function remaining(w)
  if w.kind == 's' then return math.max(0, math.floor(w.limit - estimate(w))) end
  if w.kind == 'b' then
    local ahead = math.max(0, w.state[1] - now - 0.001)
    return math.max(0, math.floor(w.burst + 1 - ahead * w.limit / w.ms))
  end
  return math.max(0, math.floor(w.limit - w.state[2]))
end

local function reset(w)
  if w.kind == 's' then return w.total == 0 and 0 or w.ms end
  if w.kind == 'b' then return math.max(0, w.state[1] - now) end
  return math.max(0, w.ends - now)
end

if mode == 'fill' then
  local filled = 0
  for i = 1, #KEYS do filled = filled + fill(i, open(i), tonumber(ARGV[8 + (i - 1) * 5])) end
  return { filled }
end

local refusing, longest = 0, 0
for i = 1, #KEYS do
  windows[i] = open(i)
  local ms = wait(windows[i])
  if ms > longest then refusing, longest = i, ms end
end

if mode == 'peek' then
  local left = {}
  for i = 1, #KEYS do
    left[i * 2 - 1] = remaining(windows[i])
    left[i * 2] = saved[i] and math.ceil(reset(windows[i])) or 0
  end
  return left
end

local function tell(w)
  if w.kind == 'q' then return w.state[2] end
  local left = remaining(w)
  return left > 0 and left or -math.ceil(wait(w))
end

local function answer(allowed, index, left, ms)
  local reply = { allowed, index - 1, left, math.ceil(ms) }
  cost = 1
  for i = 1, #KEYS do reply[4 + i] = tell(windows[i]) end
  for i = 1, #KEYS do
    if windows[i].kind == 'q' then reply[#reply + 1] = windows[i].state[3] or 0 end
  end
  return reply
end

if refusing > 0 then return answer(0, refusing, remaining(windows[refusing]), longest) end

local tightest, least, resetMs = 1, math.huge, 0
for i = 1, #KEYS do
  local w = windows[i]
  if mode == 'count' then add(i, w) end
  local left = remaining(w)
  if mode == 'look' then left = left - cost end
  local ms = reset(w)
  if left < least or (left == least and ms > resetMs) then tightest, least, resetMs = i, left, ms end
end
return answer(1, tightest, least, resetMs)
`.trim();

export const INCREMENT_SHA = createHash('sha1').update(INCREMENT_SCRIPT).digest('hex');
