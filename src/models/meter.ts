import type { RequestContext } from '../context.ts';
import { type ErrorCode, GatewayError } from '../errors.ts';
import type { StageDeps } from '../stage.ts';
import { noteTokens, type TokenCount } from '../token-count.ts';
import type { Ask } from './ask.ts';
import { DecodingSink } from './decoding-sink.ts';
import { type SeenAnswer, UsageSink } from './usage-sink.ts';

/**
 * What a call is charged with.
 *
 * - What the service tells counts as it is, also beyond what was reserved.
 * - An answer that tells nothing, or nothing of its end, or breaks off, or whose client leaves, counts as estimated: by the request, and what of
 *   the answer was streamed; no more than was reserved.
 * - No answer, or an error instead of one, counts nothing; but where the client has left while the service was at work,
 *   or a deadline has passed meanwhile, which may be the client's, its request counts.
 */
export function countOf(
  ask: Pick<Ask, 'api' | 'input'>,
  { status, told, estimatedOutput, isWhole, isFinal }: SeenAnswer,
  reserved: number | undefined,
  isAtWork: boolean,
): TokenCount | undefined {
  if (status >= 300 || (status === 0 && !isAtWork)) return undefined;
  const input = told.input ?? ask.input;
  const isTold = told.input !== undefined && told.output !== undefined && isWhole && isFinal;
  if (isTold) return { input, output: told.output as number, isTold };
  const estimate = status === 0 || ask.api === 'embeddings' ? 0 : estimatedOutput;
  const output = Math.max(told.output ?? 0, estimate);
  const most = reserved ?? Number.POSITIVE_INFINITY;
  // What was told of a part is no estimate.
  const kept = Math.min(input, Math.max(most, told.input ?? 0));
  return { input: kept, output: Math.min(output, Math.max(most - kept, told.output ?? 0)), isTold };
}

/** Counts what models are sent and answer, in metrics. Labels are the file's own words. */
export function createTokenMetrics(route: string, names: readonly string[], { metrics }: Pick<StageDeps, 'metrics'>) {
  const known = new Set(names);
  const firstToken = metrics.firstTokenDuration.labels(route);
  const perSecond = metrics.tokensPerSecond.labels(route);
  return function observe(
    { model = '' }: Ask,
    count: TokenCount,
    { firstTextAtMs, isWhole }: SeenAnswer,
    sentAtMs: number,
  ): void {
    const label = known.has(model) ? model : 'other';
    const source = count.isTold ? 'told' : 'estimated';
    metrics.modelTokens.labels(route, 'in', label, source).value += count.input;
    metrics.modelTokens.labels(route, 'out', label, source).value += count.output;
    if (firstTextAtMs === 0) return;
    firstToken.observe((firstTextAtMs - sentAtMs) / 1000);
    const seconds = (performance.now() - firstTextAtMs) / 1000;
    if (isWhole && seconds > 0 && count.output > 1) perSecond.observe(count.output / seconds);
  };
}

/** Ends of calls at which the service was still at work, as far as anybody knows. */
const UNDER_WAY: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'headers_timeout',
  'idle_timeout',
  'connect_timeout',
  'request_timeout',
  'client_closed',
]);

/** True where a call that was sent was given up: whoever sets a short deadline uses what whoever leaves does. */
export function endsWorkUnderWay(error: unknown): boolean {
  return error instanceof GatewayError && UNDER_WAY.has(error.code);
}

/** Whoever is told what a call has used. */
export type OnCount = (count: TokenCount, answer: SeenAnswer, sentAtMs: number) => void;

/** What is held of limits for a call. */
interface Held {
  readonly reserved: number;
  settle(used: number): void;
}

/**
 * One call to a model, from before anything is reserved for it until all of it is settled: by its answer, or else by the
 * end of the request, which is the last that is heard of one whose client has left.
 */
export class MeteredCall {
  readonly #ask: Ask;
  readonly #onCount: OnCount;
  readonly #sentAtMs = performance.now();
  #held: Held | undefined;
  #isOver = false;

  constructor(context: RequestContext, ask: Ask, hidesUsage: boolean, onCount: OnCount) {
    this.#ask = ask;
    this.#onCount = onCount;
    const onOver = (answer: SeenAnswer, error?: unknown): void =>
      this.#settle(context, answer, context.isSent && endsWorkUnderWay(error));
    const sink = new UsageSink({ hidesUsage, onOver }, context.sink);
    context.sink = new DecodingSink(sink);
    const end = context.end;
    context.end = (ended) => {
      this.#settle(context, sink.seen(false), context.isSent);
      end?.(ended);
    };
  }

  /** What was reserved for it; given back at once where the request has ended meanwhile. */
  hold(held: Held): void {
    this.#held = held;
    if (this.#isOver) held.settle(0);
  }

  #settle(context: RequestContext, answer: SeenAnswer, isAtWork: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const count = countOf(this.#ask, answer, this.#held?.reserved, isAtWork);
    this.#held?.settle(count === undefined ? 0 : count.input + count.output);
    if (count === undefined) return;
    noteTokens(context, count);
    this.#onCount(count, answer, this.#sentAtMs);
  }
}

/** Asks the service for bytes that can be read as they come. */
export function askForPlain(context: RequestContext): void {
  const kept: string[] = [];
  const { upstreamHeaders: fields } = context;
  for (let i = 0; i < fields.length; i += 2) {
    if ((fields[i] as string).toLowerCase() !== 'accept-encoding')
      kept.push(fields[i] as string, fields[i + 1] as string);
  }
  kept.push('Accept-Encoding', 'identity');
  context.upstreamHeaders = kept;
}
