/** How many targets of a service are given requests, and how many are not. */
export interface TargetCount {
  readonly service: string;
  readonly healthy: number;
  readonly out: number;
}

/** What is stored in the memory of this process. */
export interface CacheUsage {
  readonly bytes: number;
  readonly entries: number;
}
