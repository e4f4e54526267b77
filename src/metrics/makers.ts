import { Counter, Gauge, type Metric, type Registry } from 'prom-client';
import { TallyCounter } from './tally-counter.ts';
import { TallyHistogram } from './tally-histogram.ts';

/** A value of a gauge that is read when somebody asks, and its labels. */
type Reading = readonly [labels: Readonly<Record<string, string>>, value: number];

interface CounterSettings {
  /** Show it at 0 too. */
  readonly showsZero?: boolean;
}

/** What the table of metrics is written with: each makes one metric, and enters it in the registry. */
export function createMakers(registry: Registry) {
  const registers = [registry];

  /** A registry only ever calls what these have. */
  function enter<T extends TallyCounter | TallyHistogram>(metric: T): T {
    registry.registerMetric(metric as unknown as Metric);
    return metric;
  }

  return {
    /** For the path of requests: see TallyCounter for why it is not prom-client's own. */
    counter: (name: string, labelNames: readonly string[], help: string, { showsZero = false }: CounterSettings = {}) =>
      enter(new TallyCounter({ name, help, labelNames, showsZero })),
    /** For the path of requests: see TallyHistogram for why it is not prom-client's own. */
    histogram: (name: string, label: string, help: string, bounds: readonly number[]) =>
      enter(new TallyHistogram({ name, help, label, bounds })),
    /** Of what is seldom. */
    rareCounter: (name: string, labelNames: readonly string[], help: string) =>
      new Counter({ name, help, labelNames, registers }),
    gauge: (name: string, labelNames: readonly string[], help: string) =>
      new Gauge({ name, help, labelNames, registers }),
    /** Has its values from whoever is named by `from`, each time that somebody asks for them. */
    reading(name: string, labelNames: readonly string[], help: string) {
      let read: () => Iterable<Reading> = () => [];
      const gauge = new Gauge({
        name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          for (const [labels, value] of read()) this.set(labels, value);
        },
      });
      return Object.assign(gauge, {
        from(source: () => Iterable<Reading>): void {
          read = source;
        },
      });
    },
  };
}
