import type { z } from 'zod';
import type { DiscoveryDeps } from './deps.ts';
import type { TargetSource } from './source.ts';

/** One way to find targets, as `discover.ts` lists them. */
export interface Discovery<Option extends z.ZodType = z.ZodType> {
  /** What may be written in `discover`. */
  readonly option: Option;
  /** A name for logs and metrics: what is looked for, without the token that it takes. */
  nameOf(options: z.output<Option>): string;
  /** Looks from now until closed. */
  create(options: z.output<Option>, deps: DiscoveryDeps): TargetSource;
}

/** Types a way to find targets from its own options. */
export function defineDiscovery<Option extends z.ZodType>(discovery: Discovery<Option>): Discovery<Option> {
  return discovery;
}
