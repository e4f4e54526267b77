import type { RequestBody } from '../../body/request-body.ts';
import type { RequestContext } from '../../context.ts';
import type { AttemptOutcome } from '../../facts.ts';
import type { AnswerFields } from '../../sink.ts';
import type { BreakerCall } from '../breaker.ts';
import type { Target } from '../target.ts';
import { AttemptSpans } from './attempt-spans.ts';
import type { Ending } from './ending.ts';
import { Holds } from './holds.ts';
import type { Claim, ForwardPlan, Timeouts } from './plan.ts';
import { Proof } from './proof.ts';
import { judgedOutcome } from './service-request.ts';

/** An attempt that has ended, up to its head. */
interface Ended {
  readonly latencyMs: number;
  readonly startedAtMs: number;
}

/** A request's time at one service: what it holds there, what proves the gateway to it, and which targets have failed it. */
export class Stay {
  readonly plan: ForwardPlan;
  readonly holds: Holds;
  /** Undefined where the service asks for none. */
  readonly proof: Proof | undefined;
  /** Undefined where the request is not traced. */
  readonly spans: AttemptSpans | undefined;
  readonly #context: RequestContext;
  tried: Set<Target> | undefined;

  constructor(plan: ForwardPlan, call: BreakerCall, context: RequestContext, body: RequestBody | undefined) {
    this.plan = plan;
    this.holds = new Holds(plan, call, body);
    if (plan.credential !== undefined) this.proof = new Proof(plan.credential, context, body);
    if (context.span !== undefined) this.spans = new AttemptSpans(context);
    this.#context = context;
  }

  /** Tells the target's health, its latency and the metrics; answers the outcome as the service is judged by it. */
  learn(target: Target, ended: Ended, ending: Ending, asked: Timeouts, wasTry: boolean): AttemptOutcome {
    const { outcome, status, error } = ending;
    const { latencyMs, startedAtMs } = ended;
    const tookMs = latencyMs === 0 ? performance.now() - startedAtMs : latencyMs;
    this.#context.upstreamMs += tookMs;
    this.#context.outcome = outcome;
    const judged = judgedOutcome(outcome, tookMs, asked, this.plan.timeouts, wasTry);
    this.holds.learn(target, judged, tookMs, status === 0 ? error : status);
    return judged;
  }

  /** True where the service no longer takes what proves the gateway, and may be asked with what is made anew. */
  wantsProofAgain(status: number, headers: AnswerFields | undefined): boolean {
    if (headers === undefined || this.proof?.isRefused(status, headers) !== true) return false;
    return this.plan.retry.isOn && this.plan.service.retries.hasRoom(false);
  }

  /** Another service, where this one has said that it can't now: nothing was done yet, so any method may be repeated. */
  findOther(status: number, headers: AnswerFields | undefined): Claim | undefined {
    if (headers === undefined) return undefined;
    return this.plan.failover?.next(this.plan, status, headers, this.#context);
  }

  /** The service has given its word, and is done with. */
  end(status: number): void {
    this.holds.judge(status >= 500 ? 'fail' : 'succeed', 'status');
    this.spans?.end();
    this.close();
  }

  /** Every place that is held here is given back. */
  close(): void {
    this.proof?.close();
    this.spans?.close();
    this.holds.letGo();
  }
}
