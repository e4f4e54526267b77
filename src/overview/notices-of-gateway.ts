import type { RefusedKey } from '../auth/expired-keys.ts';
import { inShell } from '../lib/in-shell.ts';
import type { CountedFault } from './counted-faults.ts';
import { requestsOf } from './evidence.ts';
import type { NoticeFacts } from './notice-facts.ts';
import { firstOf, notice, timeOf } from './notice-words.ts';
import type { LoopReport, Notice, ReloadReport } from './report.ts';

/** So many changes in ten minutes are a link that flaps. */
const FLAPS = 4;
/** So often an expired key must have been refused in ten minutes to be worth a word. */
const LEAST_REFUSALS = 3;
const LATE_MS = 250;
const TEN_MINUTES_MS = 600_000;

/** The file in force, Redis, keys, the log and the process. */
export function noticesOfGateway(facts: NoticeFacts): readonly Notice[] {
  const { at, expiredKeys, reloads, eventLoop, status } = facts;
  return [
    ...ofReload(reloads, at),
    ...ofRedis(facts),
    ...ofUnanswered(facts.unanswered, at),
    ...ofLoop(eventLoop),
    ...firstOf(
      [...expiredKeys].sort((a, b) => b.times - a.times).flatMap((key) => ofExpiredKey(key, facts)),
      'keys that have expired are still called with',
    ),
    ...ofLinesLost(facts.linesLost, at),
    ...(status === 'draining' ? [DRAINING] : []),
  ];
}

const DRAINING = notice(
  'info',
  'the gateway is draining: it ends what is in flight and takes nothing new; nothing is to be done where it was told to stop',
);

function ofReload([last]: readonly ReloadReport[], nowMs: number): Notice[] {
  if (last?.result !== 'refused') return [];
  const [fault] = last.faults;
  const what =
    fault === undefined ? '' : `: ${fault.place} ${fault.message}${fault.hint === undefined ? '' : ` (${fault.hint})`}`;
  const more = last.faults.length + last.left > 1 ? `, and ${last.faults.length + last.left - 1} more` : '';
  const text = `the edited configuration was refused at ${timeOf(last.at, nowMs)}${what}${more}: nobody is hit now, since the one before it stays in force, but a restart would find the faulty file and not come up; mend the file, and it is read again`;
  return [notice('warn', text, 'reloads')];
}

function ofRedis({ redis, redisChanges, at }: NoticeFacts): Notice[] {
  if (redisChanges === null) return [];
  const { address, since, lastTenMinutes, changes } = redisChanges;
  const loss = changes.find(({ to }) => to === 'down');
  if (lastTenMinutes >= FLAPS) {
    const why = loss === undefined ? '' : `, last lost at ${timeOf(loss.at, at)} (${loss.reason})`;
    const text = `Redis (${address}) is flapping: it went up or down ${lastTenMinutes} times in the last 10 minutes${why}, and is ${redis} at the moment; calls still pass, but each time limits are counted anew in this process; a Redis that does not answer within 75 ms for a while counts as lost, too: see its load (SLOWLOG, redis-cli --latency), its memory and the network between`;
    return [notice('bad', text)];
  }
  if (redis !== 'down') return [];
  const why = loss === undefined ? '' : ` (${loss.reason})`;
  const text = `Redis (${address}) is down since ${timeOf(since, at)}${why}: limits are counted by each gateway for itself (or as onStoreError says), shared caches are off; see that it runs and that REDIS_URL is right`;
  return [notice('bad', text)];
}

function ofUnanswered({ total, lastAtMs }: CountedFault, nowMs: number): Notice[] {
  if (lastAtMs === undefined) return [];
  const severity = nowMs - lastAtMs < TEN_MINUTES_MS ? 'bad' : 'warn';
  const text = `${total} ${total === 1 ? 'request was' : 'requests were'} answered by nobody and ended by the watchdog, the last at ${timeOf(lastAtMs, nowMs)}: that is a bug; keep its lines of the log and report it`;
  return [notice(severity, text)];
}

function ofLoop({ p99Ms, maxMs }: LoopReport): Notice[] {
  if (p99Ms < LATE_MS) return [];
  const text = `the process is late: its event loop stood still for ${Math.round(maxMs)} ms in the last minute, and everybody waited; see its CPU, and own stages that compute at length`;
  return [notice('warn', text)];
}

/** As it can be pasted: a key that has ended takes no end from the one before. */
function rotation(routesFile: string, consumer: string, keyId: string): string {
  return `turnpike key rotate --file ${inShell(routesFile)} --consumer ${inShell(consumer)} --id ${inShell(keyId)} --expires 90d`;
}

function ofExpiredKey(
  { consumer, keyId, sinceMs, times, lastAtMs }: RefusedKey,
  { at: nowMs, routesFile }: NoticeFacts,
): Notice[] {
  if (times < LEAST_REFUSALS) return [];
  const text = `consumer ${consumer} calls with a key that has expired: "${keyId}" since ${timeOf(sinceMs, nowMs)}; it was refused (401, or 429 after 20 a minute from one address) ${times} times in the last 10 minutes, the last at ${timeOf(lastAtMs, nowMs)}; tell its owner, or give it a new one (${rotation(routesFile, consumer, keyId)})`;
  return [notice('bad', text, `consumer/${consumer}`, requestsOf({ consumer }))];
}

function ofLinesLost({ total, lastAtMs }: CountedFault, nowMs: number): Notice[] {
  if (lastAtMs === undefined || nowMs - lastAtMs > TEN_MINUTES_MS) return [];
  const text = `${total} lines of the access log were lost since the start, the last at ${timeOf(lastAtMs, nowMs)}: whoever reads the log is too slow; see what stdout is piped into`;
  return [notice('warn', text)];
}
