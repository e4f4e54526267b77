import { type Exemplar, noteExemplar } from './exemplars.ts';
import type { Sample, Series } from './series-of.ts';

/** What was observed under one value of the label. */
export class Tally {
  readonly #bounds: readonly number[];
  /** How many values fell between a bound and the one before; the last place is for those above all bounds. */
  readonly counts: Float64Array;
  sum = 0;
  /** The last one of each bucket, once there was one. */
  #exemplars: (Exemplar | undefined)[] | undefined = undefined;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** `traceparent`: of the request that is observed, where it is to be an exemplar, and when that ended (epoch ms). */
  observe(value: number, traceparent?: string, atMs = 0): void {
    const bounds = this.#bounds;
    let place = 0;
    while (place < bounds.length && value > (bounds[place] as number)) place += 1;
    (this.counts[place] as number) += 1;
    this.sum += value;
    if (traceparent !== undefined) this.#note(place, value, traceparent, atMs);
  }

  /** Cumulated over the bounds, as Prometheus wants it. */
  samples(): readonly Sample[] {
    const samples: Sample[] = [];
    let count = 0;
    for (const [place, amount] of this.counts.entries()) {
      count += amount;
      const le = this.#bounds[place] ?? Number.POSITIVE_INFINITY;
      samples.push({ suffix: '_bucket', le, value: count, exemplar: this.#exemplars?.[place] });
    }
    samples.push({ suffix: '_sum', value: this.sum }, { suffix: '_count', value: count });
    return samples;
  }

  #note(place: number, value: number, traceparent: string, atMs: number): void {
    this.#exemplars ??= Array.from(this.counts, () => undefined);
    this.#exemplars[place] = noteExemplar(this.#exemplars[place], traceparent, value, atMs);
  }
}

/**
 * A histogram with one label, for the path of every request: an observation is a few additions, where prom-client
 * (15.1) checks and hashes the labels anew each time. It offers what a prom-client registry asks of a metric.
 */
export class TallyHistogram {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly labelNames: readonly string[];
  readonly bounds: readonly number[];
  readonly #label: string;
  readonly #tallies = new Map<string, Tally>();

  constructor(options: { name: string; help: string; label: string; bounds: readonly number[] }) {
    this.name = options.name;
    this.help = options.help;
    this.#label = options.label;
    this.labelNames = [options.label];
    this.bounds = options.bounds;
  }

  /** The tally for one value of the label; to be kept by the caller, who also sees to it that they are few. */
  labels(value: string): Tally {
    let tally = this.#tallies.get(value);
    if (tally === undefined) {
      tally = new Tally(this.bounds);
      this.#tallies.set(value, tally);
    }
    return tally;
  }

  /** The values of the label; what comes or goes while they are walked may be among them or not. */
  firsts(): Iterable<string> {
    return this.#tallies.keys();
  }

  /** The living tally of one value of the label; unlike `labels` it makes none. */
  find(value: string): Tally | undefined {
    return this.#tallies.get(value);
  }

  get firstLabel(): string {
    return this.#label;
  }

  /** Lets go of what was observed under a value of the label. */
  forget(value: string): void {
    this.#tallies.delete(value);
  }

  reset(): void {
    this.#tallies.clear();
  }

  /** Everything observed so far, one value of the label after the other. */
  *series(): Generator<Series> {
    for (const [value, tally] of this.#tallies) yield { labels: { [this.#label]: value }, samples: tally.samples() };
  }

  /** The same, for a registry of prom-client. */
  get() {
    const { name, help, type, aggregator } = this;
    const values = [...this.series()].flatMap(({ labels, samples }) =>
      samples.map(({ suffix = '', le, value }) => ({
        metricName: name + suffix,
        labels: le === undefined ? labels : { le: Number.isFinite(le) ? le : '+Inf', ...labels },
        value,
      })),
    );
    return Promise.resolve({ name, help, type, aggregator, values });
  }
}
