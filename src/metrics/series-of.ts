import type { Exemplar } from './exemplars.ts';

/** One line of a metric, but for its name and its labels. */
export interface Sample {
  /** `_bucket`, `_sum` or `_count` of a histogram; undefined for the metric's own name. */
  readonly suffix?: string;
  /** The upper bound of a bucket. */
  readonly le?: number;
  readonly value: number;
  readonly exemplar?: Exemplar | undefined;
}

/** The lines of one set of labels. */
export interface Series {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly samples: readonly Sample[];
}
