import type { StepCounts } from './ring.ts';

/** What happens under a name in one step, as it is being counted. */
export class StepSum implements StepCounts {
  requests = 0;
  clientErrors = 0;
  serverErrors = 0;
  readonly whole: Float64Array;
  readonly gateway: Float64Array;

  /** @param buckets how many the histograms have. */
  constructor(buckets: number) {
    this.whole = new Float64Array(buckets);
    this.gateway = new Float64Array(buckets);
  }

  /** @param statusClass the first digit of the status. */
  count(statusClass: number, amount: number): void {
    this.requests += amount;
    if (statusClass === 5) this.serverErrors += amount;
    else if (statusClass === 4) this.clientErrors += amount;
  }

  add(other: StepCounts): void {
    if (other.requests === 0) return;
    this.requests += other.requests;
    this.clientErrors += other.clientErrors;
    this.serverErrors += other.serverErrors;
    addAll(this.whole, other.whole);
    addAll(this.gateway, other.gateway);
  }
}

function addAll(sums: Float64Array, amounts: ArrayLike<number>): void {
  for (let i = 0; i < sums.length; i += 1) (sums[i] as number) += amounts[i] as number;
}
