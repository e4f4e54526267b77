import type { RequestContext } from './context.ts';

/** What a call to a language model has used. */
export interface TokenCount {
  readonly input: number;
  readonly output: number;
  /** False where the answer did not tell all of it, so that the gateway has estimated what it says here. */
  readonly isTold: boolean;
}

const kTokens = Symbol('turnpike.tokens');

type WithTokens = { [kTokens]?: TokenCount };

/** Says what a request has used; for the log line. It stands at the request itself: few routes have any. */
export function noteTokens(context: RequestContext, count: TokenCount): void {
  (context.req as WithTokens)[kTokens] = count;
}

/** What a request has used of a language model; undefined where it has not called one. */
export function tokensOf(context: RequestContext): TokenCount | undefined {
  return (context.req as WithTokens)[kTokens];
}
