import type { IncomingMessage } from 'node:http';
import type { Deps } from '../deps.ts';
import { withoutControls } from '../lib/printable.ts';
import { LEVELS, type Level, writtenLevel } from '../log/level.ts';
import { findNearest } from '../nearest-word.ts';
import { parseDurationMs } from '../schema-values.ts';
import { type AdminAnswer, ok, refusal } from './answer.ts';

type LevelDeps = Pick<Deps, 'clock' | 'log' | 'logLevel' | 'settings'>;

const LONGEST = '24h';
const LONGEST_MS = parseDurationMs(LONGEST) as number;
const MAX_SHOWN_CHARS = 40;

/** `GET /log-level`: what holds now, what it goes back to and when, and what LOG_LEVEL says. */
export function showLogLevel({ logLevel, settings }: LevelDeps): AdminAnswer {
  const { now: level, standing, untilMs } = logLevel;
  const until = untilMs === undefined ? {} : { until: new Date(untilMs).toISOString(), afterwards: standing };
  return ok({ level, ...until, configured: settings.logLevel });
}

/** `POST /log-level?level=debug`, and with `&for=10m` for a while. Both leave a line of audit, whatever the level. */
export function setLogLevel(
  deps: LevelDeps,
  query: URLSearchParams,
  req: Pick<IncomingMessage, 'socket'>,
): AdminAnswer {
  const { logLevel, clock } = deps;
  const wanted = query.get('level') ?? '';
  const level = LEVELS.find((one) => one === wanted);
  if (level === undefined) return refusal('invalid_request', { detail: explainLevel(wanted) });
  const duration = query.get('for');
  const forMs = duration === null ? undefined : parseDurationMs(duration);
  if (duration !== null && (forMs === undefined || forMs === 0 || forMs > LONGEST_MS))
    return refusal('invalid_request', { detail: `for is a duration such as 10m, of at most ${LONGEST}.` });
  const from = logLevel.now;
  if (forMs === undefined) logLevel.set(level);
  else
    logLevel.setFor(level, {
      nowMs: clock.now(),
      forMs,
      wentBack: () => audit(deps, { by: 'timer', from: level, level: logLevel.now }),
    });
  audit(deps, { by: 'admin', address: req.socket.remoteAddress, from, level, for: duration ?? undefined });
  return showLogLevel(deps);
}

interface LevelChange {
  readonly by: 'admin' | 'timer';
  readonly address?: string | undefined;
  readonly from: Level;
  readonly level: Level;
  readonly for?: string | undefined;
}

function audit({ log }: LevelDeps, change: LevelChange): void {
  const forHowLong = change.for === undefined ? '' : ` for ${change.for}`;
  const message = `audit: log-level.set, from ${change.from} to ${change.level}${forHowLong}`;
  log.log(writtenLevel(log), message, { audit: { action: 'log-level.set', ...change } });
}

function explainLevel(wanted: string): string {
  const those = `level is one of ${LEVELS.join(', ')}`;
  if (wanted === '') return `Say ?level=: ${those}.`;
  const shown = withoutControls(wanted.slice(0, MAX_SHOWN_CHARS));
  const nearest = findNearest(shown, LEVELS);
  return `${those}, and not "${shown}"${nearest === undefined ? '' : ` (did you mean "${nearest}"?)`}.`;
}
