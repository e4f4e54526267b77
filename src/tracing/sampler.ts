import type { TracingSettings } from '../settings.ts';

/** Of the random bits of a trace id so many are looked at as a number holds exactly. */
const BITS = 52;
/** They are the last 56 of it (Trace Context Level 2, section 3.2.2.3): hex digits of a traceparent from here to there. */
const FROM = 3 + 32 - 56 / 4;
const TO = FROM + BITS / 4;
const ALL = 2 ** BITS;

/**
 * Whether a trace that begins here is sampled, or one whose caller did not decide for all: by its id, so that others who
 * sample the same share, or more, sample it too. Asked of each request: digits of one length compare as their numbers do.
 */
export function createSampler({ ratio }: Pick<TracingSettings['sampler'], 'ratio'>): (traceparent: string) => boolean {
  if (ratio >= 1) return () => true;
  if (ratio <= 0) return () => false;
  const least = Math.min(ALL - 1, Math.round((1 - ratio) * ALL))
    .toString(16)
    .padStart(BITS / 4, '0');
  return (traceparent) => traceparent.slice(FROM, TO) >= least;
}
