import { readOwnVersion } from '../lib/own-version.ts';
import { inSlices } from '../lib/steps.ts';
import { consumerCountsKind } from '../log/consumer-counts.ts';
import { STEP_SECONDS } from './axis.ts';
import { Closings } from './closings.ts';
import { CountedFaults } from './counted-faults.ts';
import { describeHistory, type History } from './history.ts';
import { LoopDelay } from './loop-delay.ts';
import { RedisChanges } from './redis-changes.ts';
import { renderOverview } from './render.ts';
import { Sampler } from './sampler.ts';
import type { OverviewSource, Watchers } from './watchers.ts';

/** Whose history is asked for: a route's, a service's, or that of all. */
export interface HistoryQuestion {
  readonly route?: string | undefined;
  readonly service?: string | undefined;
  readonly minutes: number;
}

/** What goes on in the gateway, and what has gone on in the last half hour. */
export interface Overview {
  /** As JSON, made in slices between which requests are served; whoever asks while one is being made gets the same. */
  render(): Promise<string>;
  history(question: HistoryQuestion): History;
  /** Ends a step of the rings now, as the timer does. */
  sample(): Promise<void>;
  close(): void;
}

/** Begins to watch a gateway. Nothing of it is on the path of requests; of a thousand busy routes it keeps 30 MB. */
export function createOverview(source: OverviewSource): Overview {
  const { metrics, clock, redis, pool, log } = source.deps;
  const watchers: Watchers = {
    sampler: new Sampler(metrics, clock.now()),
    loop: new LoopDelay(),
    faults: new CountedFaults(metrics, clock),
    closings: new Closings(),
    redisChanges: redis === undefined ? undefined : new RedisChanges(redis, clock),
    version: readOwnVersion(),
  };
  const { sampler, loop, faults, closings, redisChanges } = watchers;
  let underWay: Promise<string> | undefined;
  let step: Promise<void> | undefined;

  async function endStep(): Promise<void> {
    await inSlices(sampler.sample(clock.now()));
    for (const counts of pool.list(consumerCountsKind)) counts.step();
    loop.step();
    closings.step(metrics.breakerTransitions, clock.now());
    await faults.step();
  }

  function sample(): Promise<void> {
    step ??= endStep().finally(() => {
      step = undefined;
    });
    return step;
  }

  // What only looks on must end no gateway.
  const timer = setInterval(
    () => void sample().catch((error: unknown) => log.error('the overview could not take a step', { error })),
    STEP_SECONDS * 1000,
  );
  timer.unref();
  return {
    render() {
      underWay ??= inSlices(renderOverview(source, watchers)).finally(() => {
        underWay = undefined;
      });
      return underWay;
    },
    history({ route, service, minutes }) {
      const ring = service === undefined ? ringOfRoute(sampler, route) : sampler.services.get(service);
      return describeHistory(sampler, ring, minutes);
    },
    sample,
    close() {
      clearInterval(timer);
      loop.close();
      redisChanges?.close();
    },
  };
}

const ringOfRoute = (sampler: Sampler, route: string | undefined) =>
  route === undefined ? sampler.whole : sampler.routes.get(route);
