import { createHash } from 'node:crypto';
import { WINDOW_LUA } from './window-script.ts';

/**
 * Decides a call over all its windows in Redis: all windows count it, or none does. What it begins with, and its ARGV,
 * are those of `window-script.ts`.
 *
 * KEYS: one per window.
 * Modes: `count`; `look` decides the same and writes nothing; `peek` tells what is left in each window; `fill` uses
 * windows up that Redis has lost, each for the milliseconds in its fifth value (no quotas).
 * Answers `{ allowed, index of the deciding window, remaining, reset in ms }`, and of each window what is left, or
 * minus the milliseconds until a call of cost 1 fits; of a quota what is used; then of each quota how much of that was
 * booked (`book-script.ts`). A peek: remaining and reset by turns. A fill: how many windows were used up.
 */
export const INCREMENT_SCRIPT = `
${WINDOW_LUA}

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
  for place = 2, #w.state do w.state[place] = 0 end
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
