import type { Ask } from './ask.ts';

/** What is reserved for a call: no less than `least` of tokens, and no more than `most`. */
export interface Demand {
  readonly least: number;
  readonly most: number;
}

export interface DemandOptions {
  readonly capMaxTokens: boolean;
  readonly expectOutput: number;
}

/**
 * What a call is to reserve where the smallest of its limits allows so many tokens. Of what the request itself leaves,
 * an answer gets half at most: no call may hold all headroom of those that come after it. What it uses beyond that is
 * counted when its answer tells it.
 */
export function demandOf(ask: Ask, limit: number, { capMaxTokens, expectOutput }: DemandOptions): Demand {
  const { input, choices, maxOutput = expectOutput } = ask;
  if (maxOutput === 0) return { least: input, most: input };
  const share = Math.max(choices, Math.floor((limit - input) / 2));
  const most = input + Math.min(maxOutput * choices, share);
  return { least: capMaxTokens ? Math.min(most, input + choices) : most, most };
}

/** The maximum that each answer of a call has where so much was reserved. */
export function maxOutputOf({ input, choices }: Ask, reserved: number): number {
  return Math.max(1, Math.floor((reserved - input) / choices));
}
