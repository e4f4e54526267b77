import type { TracingSettings } from '../settings.ts';

/** Of the random bits of a trace id so many are looked at as a number holds exactly. */
const BITS = 52;
/** They are the last of it (Trace Context Level 2, section 3.2.2.3): hex digits from here to there. */
const FROM = 32 - 56 / 4;
const TO = FROM + BITS / 4;
const ALL = 2 ** BITS;

/**
 * Whether a trace that begins here is sampled, or one whose caller did not decide for all: by its id, so that others who
 * sample the same share, or more, sample it too.
 */
export function createSampler({ ratio }: Pick<TracingSettings['sampler'], 'ratio'>): (traceId: string) => boolean {
  if (ratio >= 1) return () => true;
  if (ratio <= 0) return () => false;
  const least = Math.round((1 - ratio) * ALL);
  return (traceId) => Number.parseInt(traceId.slice(FROM, TO), 16) >= least;
}
