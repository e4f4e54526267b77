import type { Metrics } from '../metrics.ts';
import type { Kind, Lease } from '../pool.ts';
import { TallyCounter } from './tally-counter.ts';
import { TallyHistogram } from './tally-histogram.ts';

/** What is counted under one name of a route, a service or a stage, for as long as anything has that name. */
const seriesKind: Kind<{ forget(): void }> = { name: 'series', close: (series) => series.forget() };

/**
 * Keeps what is counted under a name until the last snapshot that has it is gone: names that come and go with reloads
 * would make `/metrics` grow for ever. `label` is the first one of those metrics.
 */
export function holdSeries(metrics: Metrics, label: 'route' | 'service' | 'stage', name: string, lease: Lease): void {
  lease.use(seriesKind, `${label} ${name}`, () => ({
    forget() {
      for (const metric of Object.values(metrics))
        if (isTally(metric) && metric.firstLabel === label) metric.forget(name);
    },
  }));
}

function isTally(metric: unknown): metric is TallyCounter | TallyHistogram {
  return metric instanceof TallyCounter || metric instanceof TallyHistogram;
}
