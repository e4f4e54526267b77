import { createHash } from 'node:crypto';
import { WINDOW_LUA } from './window-script.ts';

/** A hold that nobody has settled by then is forgotten: what it held counts as used. */
const HOLD_MS = 6 * 60 * 60 * 1000;

/**
 * Reserves what a call may use in all its windows or in none, and settles it once that is known. What it begins with,
 * and its ARGV, are those of `window-script.ts`.
 *
 * KEYS: one per window, and that of the hold, which says how much was reserved, and in which part or period of each
 * window. It is deleted when it is settled: a settlement may be sent again, and counts once.
 * Modes: `take` reserves the last value of ARGV, or what is left where that is less, but no less than the cost; `settle`
 * puts the cost in the place of what was reserved, where it was reserved. What was reserved in a part that has left its
 * window is gone with it; what was used beyond it counts now.
 * `take` answers `{ allowed, index of the deciding window, remaining, reset in ms, reserved }`, `settle` `{ 1 }`, or
 * `{ 0 }` and no more where there is no such hold; then both of each window what `increment-script.ts` says of it.
 */
export const RESERVE_SCRIPT = `
${WINDOW_LUA}

local count = #KEYS - 1

local function tellAll(reply)
  cost = 1
  local first = #reply
  for i = 1, count do reply[first + i] = tell(windows[i]) end
  for i = 1, count do
    if windows[i].kind == 'q' then reply[#reply + 1] = windows[i].state[3] or 0 end
  end
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
  if not saved[#KEYS] then return { 0 } end
  redis.call('DEL', KEYS[#KEYS])
  local hold = cmsgpack.unpack(saved[#KEYS])
  local delta = cost - hold[1]
  for i = 1, count do
    windows[i] = open(i)
    if delta ~= 0 then correct(i, windows[i], hold[1 + i], delta) end
  end
  return tellAll({ 1 })
end

local grant = tonumber(ARGV[#ARGV])
for i = 1, count do
  windows[i] = open(i)
  grant = math.min(grant, remaining(windows[i]))
end

if grant < cost then
  local refusing, longest = 1, 0
  for i = 1, count do
    local ms = wait(windows[i])
    if ms > longest then refusing, longest = i, ms end
  end
  return tellAll({ 0, refusing - 1, remaining(windows[refusing]), math.ceil(longest), 0 })
end

cost = grant
local hold = { grant }
local tightest, least, resetMs = 1, math.huge, 0
for i = 1, count do
  local w = windows[i]
  add(i, w)
  hold[1 + i] = w.state[1]
  local left, ms = remaining(w), reset(w)
  if left < least or (left == least and ms > resetMs) then tightest, least, resetMs = i, left, ms end
end
redis.call('SET', KEYS[#KEYS], cmsgpack.pack(hold), 'PX', ${HOLD_MS})
return tellAll({ 1, tightest - 1, least, math.ceil(resetMs), grant })
`.trim();

export const RESERVE_SHA = createHash('sha1').update(RESERVE_SCRIPT).digest('hex');
