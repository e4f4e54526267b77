/**
 * What the scripts of the limiter have in common: windows as Redis keeps them, by the server's own clock. The arithmetic
 * is that of `counters.ts`, step by step: change both, or neither.
 *
 * ARGV: the time (0 for the server's clock; epoch ms in tests), the mode, the cost, and five values per window: kind,
 * limit, windowMs, and for a bucket its burst, for a quota its period's number and end.
 * State is packed in one string a window: two commands for a call of one window, one more for each further one.
 */
export const WINDOW_LUA = `
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
      -- What is held of each part, where tokens are reserved.
      for place = #state, 13, -1 do state[place] = place - steps >= 13 and state[place - steps] or 0 end
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

-- How long a window is kept from now on.
local function ttlOf(w)
  if w.kind == 's' then return (w.state[1] + 11) * w.partMs - now end
  if w.kind == 'b' then return w.state[1] - now end
  -- The period comes from the gateways' clocks: never let a quota go before the last of them is past its end.
  if w.kind == 'q' then return math.max(w.ends - now, 0) + 86400000 end
  return w.ends - now
end

local function add(i, w)
  if w.kind == 's' then
    w.state[2] = w.state[2] + cost
    w.total = w.total + cost
  elseif w.kind == 'b' then
    w.state[1] = math.max(w.state[1], now) + cost * w.interval
  else
    w.state[2] = w.state[2] + cost
  end
  save(i, w, ttlOf(w))
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

local function tell(w)
  if w.kind == 'q' then return w.state[2] end
  local left = remaining(w)
  return left > 0 and left or -math.ceil(wait(w))
end

`.trim();
