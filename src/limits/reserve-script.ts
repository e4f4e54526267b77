import { createHash } from 'node:crypto';
import { WINDOW_LUA } from './window-script.ts';

/** A hold that nobody has settled by then is forgotten: what it held counts as used. */
const HOLD_MS = 6 * 60 * 60 * 1000;
/** For so long a settlement may be sent again; it is, as soon as Redis answers. */
const SETTLED_MS = 10 * 60 * 1000;

/**
 * Reserves what a call may use in all its windows or in none, and settles it once that is known. What it begins with,
 * and its ARGV, are those of `window-script.ts`.
 *
 * KEYS: one per window, and that of the hold, which says how much was reserved, and in which part or period of each
 * window. When it is settled, a trace of it is left for a while: a settlement may be sent again, counts once, and is
 * answered alike; a reservation that arrives after its own settlement holds nothing.
 * What is held and not settled is also kept in the windows' own states: by part of a sliding window (from place 13 on),
 * else as the fourth value. It is no knowledge of what was used.
 * Modes: `take` reserves the last value of ARGV, or what is left where that is less, but no less than the cost; `settle`
 * puts the cost in the place of what was reserved, where it was reserved. What was reserved in a part that has left its
 * window is gone with it; what was used beyond it counts now.
 * `take` answers `{ allowed, index of the deciding window, remaining, reset in ms, reserved }`, `settle` `{ 1 }`, or
 * `{ 0 }` and no more where there is no such hold; then both of each window what `increment-script.ts` says of it, and
 * of each how much of what is used is only held: of a quota all of that, else what would be left without.
 */
export const RESERVE_SCRIPT = `
${WINDOW_LUA}

local count = #KEYS - 1

local function hold(w, amount)
  local state = w.state
  if w.kind == 's' then
    for place = #state + 1, 23 do state[place] = 0 end
    state[13] = state[13] + amount
  else
    state[3] = state[3] or 0
    state[4] = (state[4] or 0) + amount
  end
end

-- Lets go of what was held under a mark, and answers how much of it this state held.
local function release(w, mark, amount)
  local age = w.state[1] - mark
  if age < 0 or (age > 0 and w.kind ~= 's') then return 0 end
  local place = w.kind == 's' and 13 + age or 4
  local released = math.min(w.state[place] or 0, amount)
  if released > 0 then w.state[place] = w.state[place] - released end
  return released
end

local function tellHeld(w)
  if w.kind ~= 's' then
    local held = w.state[4] or 0
    return w.kind == 'q' and held or math.max(0, math.min(held, w.limit - w.state[2] + held))
  end
  local held = 0
  for place = 13, #w.state do held = held + w.state[place] end
  return math.max(0, math.floor(math.min(held, w.limit - estimate(w) + held)))
end

local function tellAll(reply)
  cost = 1
  local first = #reply
  for i = 1, count do reply[first + i] = tell(windows[i]) end
  for i = 1, count do
    if windows[i].kind == 'q' then reply[#reply + 1] = windows[i].state[3] or 0 end
  end
  for i = 1, count do reply[#reply + 1] = tellHeld(windows[i]) end
  return reply
end

local function correct(i, w, mark, delta)
  if w.kind == 's' then
    local age = w.state[1] - mark
    if age < 0 or age > 10 then
      if delta < 0 then return end
      age = 0
    end
    local before = w.state[2 + age]
    w.state[2 + age] = math.max(0, before + delta)
    w.total = w.total + w.state[2 + age] - before
  else
    if w.state[1] ~= mark and delta < 0 then return end
    w.state[2] = math.max(w.state[3] or 0, w.state[2] + delta)
  end
  save(i, w, ttlOf(w))
end

if mode == 'settle' then
  local held = saved[#KEYS] and cmsgpack.unpack(saved[#KEYS]) or 0
  local isOpen = type(held) == 'table'
  if isOpen or not saved[#KEYS] then
    redis.call('SET', KEYS[#KEYS], cmsgpack.pack(isOpen and 1 or 0), 'PX', ${SETTLED_MS})
  end
  if held == 0 then return { 0 } end
  for i = 1, count do
    local w = open(i)
    windows[i] = w
    if isOpen then
      local mark = held[1 + i]
      local released = release(w, mark, held[1])
      -- A counter that was lost has lost what it held, too.
      local isSamePeriod = w.kind ~= 's' and w.state[1] == mark
      correct(i, w, mark, cost - (isSamePeriod and released or held[1]))
    end
  end
  return tellAll({ 1 })
end

local grant = tonumber(ARGV[#ARGV])
for i = 1, count do
  windows[i] = open(i)
  grant = math.min(grant, remaining(windows[i]))
end

-- It was settled before it came: nobody waits for it.
if saved[#KEYS] then return tellAll({ 0, 0, remaining(windows[1]), 0, 0 }) end

if grant < cost then
  local refusing, longest = 1, 0
  for i = 1, count do
    local ms = wait(windows[i])
    if ms > longest then refusing, longest = i, ms end
  end
  return tellAll({ 0, refusing - 1, remaining(windows[refusing]), math.ceil(longest), 0 })
end

cost = grant
local held = { grant }
local tightest, least, resetMs = 1, math.huge, 0
for i = 1, count do
  local w = windows[i]
  hold(w, grant)
  add(i, w)
  held[1 + i] = w.state[1]
  local left, ms = remaining(w), reset(w)
  if left < least or (left == least and ms > resetMs) then tightest, least, resetMs = i, left, ms end
end
redis.call('SET', KEYS[#KEYS], cmsgpack.pack(held), 'PX', ${HOLD_MS})
return tellAll({ 1, tightest - 1, least, math.ceil(resetMs), grant })
`.trim();

export const RESERVE_SHA = createHash('sha1').update(RESERVE_SCRIPT).digest('hex');
