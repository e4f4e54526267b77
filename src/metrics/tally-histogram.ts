/** One line of a histogram, as prom-client's registry prints it. */
export interface HistogramValue {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** What was observed under one value of the label. */
export class Tally {
  readonly #bounds: readonly number[];
  /** How many values fell between a bound and the one before; the last place is for those above all bounds. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let place = 0;
    while (place < bounds.length && value > (bounds[place] as number)) place += 1;
    (this.counts[place] as number) += 1;
    this.sum += value;
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

  /** Everything observed so far, cumulated over the bounds as Prometheus wants it. */
  get() {
    const values: HistogramValue[] = [];
    for (const [value, tally] of this.#tallies) this.#print(value, tally, values);
    const { name, help, type, aggregator } = this;
    return Promise.resolve({ name, help, type, aggregator, values });
  }

  #print(value: string, { counts, sum }: Tally, values: HistogramValue[]): void {
    const labels = { [this.#label]: value };
    let count = 0;
    for (const [place, amount] of counts.entries()) {
      count += amount;
      const le = this.bounds[place] ?? '+Inf';
      values.push({ metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: count });
    }
    values.push({ metricName: `${this.name}_sum`, labels, value: sum });
    values.push({ metricName: `${this.name}_count`, labels, value: count });
  }
}
