import type { RequestContext } from '../context.ts';
import type { Budget } from './part-call.ts';

/** Parts under one request of a client, parts of parts among them. */
const MAX_PARTS_IN_ALL = 128;
/** What their answers may have together. */
const MAX_BYTES_IN_ALL = 10 * 1024 * 1024;

const budgets = new WeakMap<RequestContext, Budget>();

/** How many requests this one is a part of: 0 for a client's own. */
export function depthOf({ parent }: RequestContext): number {
  let depth = 0;
  for (let at = parent; at !== undefined; at = at.parent) depth += 1;
  return depth;
}

/** What all parts under the client's request share; begun with the first of them. */
export function takeBudget(context: RequestContext): Budget {
  let root = context;
  while (root.parent !== undefined) root = root.parent;
  let budget = budgets.get(root);
  if (budget === undefined) {
    budget = { parts: MAX_PARTS_IN_ALL, bytes: MAX_BYTES_IN_ALL };
    budgets.set(root, budget);
  }
  return budget;
}
