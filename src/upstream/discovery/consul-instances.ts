import { z } from 'zod';
import { DEFAULT_WEIGHT, type TargetSpec } from '../target.ts';
import { type TargetScreen, uniqueTargets } from './target-screen.ts';

/** One row of `/v1/health/service/NAME`; whatever else is in it does not concern us. */
const instance = z.object({
  Node: z.object({ Address: z.string().max(255) }),
  Service: z.object({
    Address: z.string().max(255).optional(),
    Port: z.number().int().min(1).max(65_535),
    Weights: z.object({ Passing: z.number().int().min(0).max(65_535) }).nullish(),
  }),
});

/**
 * Targets from Consul's list of instances: `Service.Address`, or `Node.Address` where that is empty. Throws when it is
 * no list; a row that makes no sense is left out, and so is one that the screen refuses.
 */
export function parseConsulInstances(body: unknown, screen: TargetScreen): TargetSpec[] {
  if (!Array.isArray(body)) throw new Error('an answer that is not a list of instances');
  return uniqueTargets(body.map((row) => parseInstance(row, screen)));
}

function parseInstance(row: unknown, screen: TargetScreen): TargetSpec | undefined {
  const { data } = instance.safeParse(row);
  if (data === undefined) return undefined;
  const { Node, Service } = data;
  return screen(Service.Address || Node.Address, Service.Port, Service.Weights?.Passing ?? DEFAULT_WEIGHT);
}
