import type { Steps } from '../lib/steps.ts';
import { KEPT_STEPS, MINUTE_STEPS } from './axis.ts';
import type { Sampler } from './sampler.ts';

/** Since when calls are refused (4xx) as they are now, and how it was before. */
export interface Refused {
  /** When it began; undefined where it was so in all of the half hour that is kept. */
  readonly sinceMs: number | undefined;
  /** Since then. */
  readonly requests: number;
  readonly refused: number;
  /** How many of the calls of the last minute are refused, or since it began. */
  readonly share: number;
  /** How many were before; undefined where too few calls tell. */
  readonly shareBefore: number | undefined;
}

/** Of the whole gateway, and of the routes that refuse anything. */
export interface RefusedOfLate {
  readonly whole: Refused | undefined;
  readonly routes: ReadonlyMap<string, Refused>;
}

/** Fewer refusals in a minute prove nothing. */
const LEAST_REFUSED = 20;
const LEAST_BEFORE = 20;
/** So many steps in a row of which it can be said that all was well end the search. */
const WELL_STEPS = 3;

interface Step {
  readonly place: number;
  readonly requests: number;
  readonly refused: number;
}

/** Looks for what is refused of late; a step for each route. What no route takes is no caller's trouble, and left out. */
export function* findRefusedOfLate(sampler: Sampler, names: readonly string[]): Steps<RefusedOfLate> {
  const places = sampler.axis.places(KEPT_STEPS);
  const sums = places.map((place) => ({ place, requests: 0, refused: 0 }));
  const routes = new Map<string, Refused>();
  for (const name of names) {
    yield;
    const steps = stepsOf(sampler, name, places);
    if (steps === undefined) continue;
    for (const [index, { requests, refused }] of steps.entries()) {
      const sum = sums[index] as (typeof sums)[number];
      sum.requests += requests;
      sum.refused += refused;
    }
    const found = findOne(sampler, steps);
    if (found !== undefined) routes.set(name, found);
  }
  return { whole: findOne(sampler, sums), routes };
}

function stepsOf({ routes }: Sampler, name: string, places: readonly number[]): readonly Step[] | undefined {
  const ring = routes.get(name);
  if (ring === undefined) return undefined;
  return places.map((place) => {
    const { requests, clientErrors: refused } = ring.at(place);
    return { place, requests, refused };
  });
}

function findOne({ axis }: Sampler, steps: readonly Step[]): Refused | undefined {
  const minute = sumOf(steps.slice(-MINUTE_STEPS));
  if (minute.refused < LEAST_REFUSED) return undefined;
  const begin = beginOf(steps, minute.refused / minute.requests / 2);
  const since = sumOf(steps.slice(begin));
  const before = sumOf(steps.slice(0, begin));
  const late = sumOf(steps.slice(Math.max(begin, steps.length - MINUTE_STEPS)));
  // It was, and is over.
  if (late.refused === 0) return undefined;
  const { place } = steps[begin] as Step;
  return {
    sinceMs: begin === 0 && steps.length === KEPT_STEPS ? undefined : axis.atMs(place) - axis.seconds(place) * 1000,
    ...since,
    share: late.refused / late.requests,
    shareBefore: before.requests < LEAST_BEFORE ? undefined : before.refused / before.requests,
  };
}

/** The first of the last steps in which this much was refused; single steps that were better are passed over. */
function beginOf(steps: readonly Step[], share: number): number {
  let begin = steps.length - 1;
  let well = 0;
  for (let index = steps.length - 1; index >= 0 && well < WELL_STEPS; index -= 1) {
    const { requests, refused } = steps[index] as Step;
    if (requests === 0) continue;
    const isWell = refused < requests * share;
    well = isWell ? well + 1 : 0;
    if (!isWell) begin = index;
  }
  return begin;
}

function sumOf(steps: readonly Step[]): { readonly requests: number; readonly refused: number } {
  let requests = 0;
  let refused = 0;
  for (const step of steps) {
    requests += step.requests;
    refused += step.refused;
  }
  return { requests, refused };
}
