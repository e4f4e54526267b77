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
  /** By the value of the first label, then by all of them. */
  readonly #counts = new Map<string, Map<string, Row>>();

  constructor(options: { name: string; help: string; labelNames: readonly string[] }) {
    this.name = options.name;
    this.help = options.help;
    this.labelNames = options.labelNames;
  }

  /** The count for these values of the labels; to be kept by the caller, who also sees to it that they are few. */
  labels(...values: readonly string[]): Count {
    const [first = ''] = values;
    let rows = this.#counts.get(first);
    if (rows === undefined) {
      rows = new Map();
      this.#counts.set(first, rows);
    }
    const key = JSON.stringify(values);
    let row = rows.get(key);
    if (row === undefined) {
      const labels = Object.fromEntries(this.labelNames.map((name, i) => [name, values[i] ?? '']));
      row = { labels, count: new TallyCount() };
      rows.set(key, row);
    }
    return row.count;
  }

  /** The values of the first label; what comes or goes while they are walked may be among them or not. */
  firsts(): Iterable<string> {
    return this.#counts.keys();
  }

  /** Shows the counts of one value of the first label, with all of their labels; both are the living ones. */
  each(first: string, visit: (labels: Readonly<Record<string, string>>, count: Count) => void): void {
    for (const { labels, count } of this.#counts.get(first)?.values() ?? []) visit(labels, count);
  }

  get firstLabel(): string | undefined {
    return this.labelNames[0];
  }

  /** Lets go of what was counted under a value of the first label. */
  forget(first: string): void {
    this.#counts.delete(first);
  }

  reset(): void {
    this.#counts.clear();
  }

  /** Everything counted so far. */
  get() {
    const { name, help, type, aggregator } = this;
    const values = [...this.#counts.values()]
      .flatMap((rows) => [...rows.values()])
      .map(({ labels, count }) => ({ labels, value: count.value }))
      .filter(({ value }) => value > 0);
    return Promise.resolve({ name, help, type, aggregator, values });
  }
}

interface Row {
  readonly labels: Readonly<Record<string, string>>;
  readonly count: Count;
}

class TallyCount implements Count {
  value = 0;

  inc(): void {
    this.value += 1;
  }
}
