/** A count that is kept by its caller: adding to it is an addition. */
export interface Count {
  value: number;
  inc(): void;
}

/**
 * A counter for the path of every request: prom-client (15.1) hashes the labels anew at each step, a child of its own
 * `labels()` too. It offers what a prom-client registry asks of a metric.
 */
export class TallyCounter {
  readonly name: string;
  readonly help: string;
  readonly type = 'counter';
  readonly aggregator = 'sum';
  readonly labelNames: readonly string[];
  readonly #counts = new Map<string, { readonly labels: Readonly<Record<string, string>>; readonly count: Count }>();

  constructor(options: { name: string; help: string; labelNames: readonly string[] }) {
    this.name = options.name;
    this.help = options.help;
    this.labelNames = options.labelNames;
  }

  /** The count for these values of the labels; to be kept by the caller, who also sees to it that they are few. */
  labels(...values: readonly string[]): Count {
    const key = JSON.stringify(values);
    let row = this.#counts.get(key);
    if (row === undefined) {
      const labels = Object.fromEntries(this.labelNames.map((name, i) => [name, values[i] ?? '']));
      row = { labels, count: new TallyCount() };
      this.#counts.set(key, row);
    }
    return row.count;
  }

  reset(): void {
    this.#counts.clear();
  }

  /** Everything counted so far. */
  get() {
    const { name, help, type, aggregator } = this;
    const values = [...this.#counts.values()]
      .map(({ labels, count }) => ({ labels, value: count.value }))
      .filter(({ value }) => value > 0);
    return Promise.resolve({ name, help, type, aggregator, values });
  }
}

class TallyCount implements Count {
  value = 0;

  inc(): void {
    this.value += 1;
  }
}
