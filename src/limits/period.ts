/** The stretch of time that a fixed window counts: a number that grows with each, and when it begins and ends (epoch ms). */
export interface PeriodBounds {
  readonly number: number;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

export type Period = (nowMs: number) => PeriodBounds;

/** Periods of equal length, aligned to the epoch, so that all gateways agree on them without talking. */
export function fixedPeriod(windowMs: number): Period {
  return remembered((nowMs) => {
    const number = Math.floor(nowMs / windowMs);
    return { number, startsAtMs: number * windowMs, endsAtMs: (number + 1) * windowMs };
  });
}

/** Calendar days or months in UTC. */
export function calendarPeriod(unit: 'day' | 'month'): Period {
  if (unit === 'day') return fixedPeriod(86_400_000);
  return remembered((nowMs) => {
    const date = new Date(nowMs);
    const year = date.getUTCFullYear();
    const month = date.getUTCMonth();
    return {
      number: year * 12 + month,
      startsAtMs: Date.UTC(year, month, 1),
      endsAtMs: Date.UTC(year, month + 1, 1),
    };
  });
}

/** Asks again only once the last answer has run out, or the clock went back past its start. */
function remembered(compute: Period): Period {
  let last: PeriodBounds = { number: 0, startsAtMs: 0, endsAtMs: Number.NEGATIVE_INFINITY };
  let askedAtMs = Number.POSITIVE_INFINITY;
  return (nowMs) => {
    if (nowMs < last.endsAtMs && nowMs >= askedAtMs) return last;
    last = compute(nowMs);
    askedAtMs = nowMs;
    return last;
  };
}
