import { share } from '../format.ts';
import type { Tone } from '../parts.ts';
import type { Overview } from '../shapes.ts';
import { toneOfService } from './service-lines.ts';

/** From here on a route fails as good as wholly; from there on it asks for a look, as in the notices. */
const WHOLLY = 0.95;
const MUCH = 0.05;

/** Red where a route fails wholly, amber where a part of it does. */
export function toneOfRoutes({ routes }: Overview): Tone | undefined {
  const worst = Math.max(
    0,
    ...routes.map(
      ({ serverErrorsPerSecond, requestsPerSecond }) => share(serverErrorsPerSecond, requestsPerSecond) ?? 0,
    ),
  );
  if (worst < MUCH) return undefined;
  return worst >= WHOLLY ? 'bad' : 'warn';
}

export function toneOfServices({ services }: Overview): Tone | undefined {
  const tones = services.map(toneOfService);
  if (tones.includes('bad')) return 'bad';
  return tones.includes('warn') ? 'warn' : undefined;
}

/** By what the notices say of consumers: one who is locked out is red. */
export function toneOfConsumers({ notices }: Overview): Tone | undefined {
  const ofThem = notices.filter(({ link }) => link?.startsWith('consumer/') === true);
  if (ofThem.some(({ severity }) => severity === 'bad')) return 'bad';
  return ofThem.some(({ severity }) => severity === 'warn') ? 'warn' : undefined;
}
