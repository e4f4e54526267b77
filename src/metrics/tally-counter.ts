import { type Exemplar, noteExemplar } from './exemplars.ts';
import type { Series } from './series-of.ts';

/** A count that is kept by its caller: adding to it is an addition. */
export interface Count {
  value: number;
  /** `traceparent`: of the request that is counted, where it is to be an exemplar, and when that ended (epoch ms). */
  inc(traceparent?: string, atMs?: number): void;
}

interface CounterOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** True to show a count that is 0: an alert sees the first of them then. Default false, since they are many. */
  readonly showsZero?: boolean;
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
  readonly #showsZero: boolean;
  /** By the value of the first label, then by all of them. */
  readonly #counts = new Map<string, Map<string, Row>>();

  constructor({ name, help, labelNames, showsZero = false }: CounterOptions) {
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
    this.#showsZero = showsZero;
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

  /** Everything counted so far, one after the other. */
  *series(): Generator<Series> {
    for (const rows of this.#counts.values())
      for (const { labels, count } of rows.values()) {
        const { value, exemplar } = count;
        if (value > 0 || this.#showsZero) yield { labels, samples: [{ value, exemplar }] };
      }
  }

  /** The same, for a registry of prom-client. */
  get() {
    const { name, help, type, aggregator } = this;
    const values = [...this.series()].map(({ labels, samples }) => ({ labels, value: samples[0]?.value ?? 0 }));
    return Promise.resolve({ name, help, type, aggregator, values });
  }
}

interface Row {
  readonly labels: Readonly<Record<string, string>>;
  readonly count: TallyCount;
}

class TallyCount implements Count {
  value = 0;
  exemplar: Exemplar | undefined = undefined;

  inc(traceparent?: string, atMs = 0): void {
    this.value += 1;
    if (traceparent !== undefined) this.exemplar = noteExemplar(this.exemplar, traceparent, 1, atMs);
  }
}
