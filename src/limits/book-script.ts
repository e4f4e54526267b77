/**
 * Books into a quota what passed elsewhere, and puts back what a gateway knew to be used, should Redis have lost it.
 *
 * KEYS: the counter, and the marker of this booking, which is counted once however often it is sent. ARGV: the period's
 * number and end, what the gateway knew to be used, how much of that was booked, and the amount. Answers what is used,
 * booked and held now; nothing when the period is over.
 *
 * The counter is that of `increment-script.ts`. Its third value is what was booked into it, so that what each gateway
 * puts back of a lost counter, and what it books on top of that, add up in whatever order they come. Its fourth is what
 * is held of it (`reserve-script.ts`) and may yet be given back: it is left aside. What is used without that only grows,
 * so that a counter with less than a gateway knew has lost something.
 */
export const BOOK_SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local number, ends = tonumber(ARGV[1]), tonumber(ARGV[2])
local knownUsed, knownBooked, amount = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local saved = redis.call('GET', KEYS[1])
local state = saved and cmsgpack.unpack(saved) or { number, 0, 0 }
if state[1] > number then return {} end
if state[1] < number then state = { number, 0, 0 } end
local before, held = state[3] or 0, state[4] or 0
local booked = math.max(before, knownBooked)
local counted = math.max(state[2] - held - before, knownUsed - knownBooked)
if amount > 0 and redis.call('SET', KEYS[2], 1, 'NX', 'EX', 86400) then booked = booked + amount end
state[2] = counted + booked + held
state[3] = booked
local ttl = math.max(ends - now, 0) + 86400000
redis.call('SET', KEYS[1], cmsgpack.pack(state), 'PX', string.format('%.0f', ttl))
return { state[2], booked, held }
`.trim();
