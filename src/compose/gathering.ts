import type { RequestContext } from '../context.ts';
import type { InProcess } from '../deps.ts';
import { GatewayError } from '../errors.ts';
import type { UnderWay } from '../facts.ts';
import type { Deadlines } from '../lib/deadlines.ts';
import { Held } from './held.ts';
import type { PartAnswer } from './part-answer.ts';
import { type Budget, PartCall } from './part-call.ts';
import { PartFault } from './part-fault.ts';
import { fillTemplate } from './path-template.ts';
import type { PartPlan } from './plan.ts';
import { ValueFault } from './reference.ts';

/** What came of every part, in the order of the file. */
export interface Gathered {
  readonly outcomes: ReadonlyMap<string, PartAnswer | PartFault>;
  /** Whether some part's caller was proven. */
  readonly isProven: boolean;
}

/** What a gathering works with. */
export interface GatheringOptions {
  readonly parts: readonly PartPlan[];
  readonly inProcess: InProcess;
  readonly deadlines: Deadlines;
  /** Milliseconds for all of it. */
  readonly totalMs: number;
  readonly budget: Budget;
  readonly headers: readonly string[];
  /** Called once, when all parts are there, but never after `close`. */
  readonly onDone: (gathered: Gathered) => void;
  /** Called once in its place, when a part that the whole needs could not be had. */
  readonly onFault: (name: string, fault: PartFault, call: PartCall | undefined) => void;
}

/** Asks the parts of one aggregate: all at once, but for those that come after others, which wait for just these. */
export class Gathering implements UnderWay {
  readonly dueAtMs: number;
  readonly #context: RequestContext;
  readonly #options: GatheringOptions;
  readonly #outcomes = new Map<string, PartAnswer | PartFault>();
  /** Of those that others refer to. */
  readonly #values = new Map<string, unknown>();
  readonly #waiting: Set<PartPlan>;
  readonly #calls = new Set<PartCall>();
  readonly #held: Held;
  #isProven = false;
  #isOver = false;

  constructor(context: RequestContext, options: GatheringOptions) {
    this.#context = context;
    this.#options = options;
    this.#held = new Held(context.clientAddress);
    this.#waiting = new Set(options.parts);
    this.dueAtMs = performance.now() + options.totalMs;
  }

  begin(): void {
    this.#sendReady();
  }

  /** The client has left, or the gateway ends: nobody wants the parts any more. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const call of this.#calls) call.giveUp();
    this.#held.release();
  }

  /** Sends the parts that need nothing more. One may be settled before its sending is over, and let others go. */
  #sendReady(): void {
    for (let plan = this.#takeReady(); plan !== undefined && !this.#isOver; plan = this.#takeReady()) this.#send(plan);
    if (!this.#isOver && this.#outcomes.size === this.#options.parts.length) this.#finish();
  }

  /** The first part that waits for no other any more. */
  #takeReady(): PartPlan | undefined {
    for (const plan of this.#waiting) {
      if (!plan.after.every((name) => this.#outcomes.has(name))) continue;
      this.#waiting.delete(plan);
      return plan;
    }
    return undefined;
  }

  #send(plan: PartPlan): void {
    const { budget, deadlines, headers, inProcess } = this.#options;
    const shared = { budget, deadlines, held: this.#held };
    const target = this.#targetOf(plan);
    if (target instanceof PartFault) {
      this.#settle(plan, target, undefined);
      return;
    }
    const call = new PartCall(plan, shared, (settled, outcome) => this.#onSettled(settled, outcome));
    this.#calls.add(call);
    const dueAtMs = Math.min(performance.now() + plan.timeoutMs, this.dueAtMs);
    call.send(inProcess, this.#context, target, headers, dueAtMs);
  }

  /** Where the part leads now, or why it can't be asked. */
  #targetOf({ after, target }: PartPlan): string | PartFault {
    const lost = after.find((name) => this.#outcomes.get(name) instanceof PartFault);
    if (lost !== undefined) return new PartFault(502, 'part_failed', `needs the part "${lost}", which failed`);
    const { budget } = this.#options;
    if (budget.parts <= 0) return new PartFault(502, 'part_failed', 'is one of too many parts of parts');
    budget.parts -= 1;
    try {
      return fillTemplate(target, { context: this.#context, parts: this.#values });
    } catch (cause) {
      const message = `could not be asked${cause instanceof ValueFault ? `: ${cause.message}` : ''}`;
      if (!(cause instanceof ValueFault && cause.isClients))
        return new PartFault(502, 'part_failed', message, { cause });
      return new PartFault(400, 'invalid_request', message, { cause, isOwn: true });
    }
  }

  #onSettled(call: PartCall, outcome: PartAnswer | PartFault): void {
    this.#calls.delete(call);
    if (this.#isOver) return;
    this.#isProven ||= call.isProven;
    this.#settle(call.plan, withBlame(call.plan, outcome), call);
    this.#sendReady();
  }

  #settle(plan: PartPlan, outcome: PartAnswer | PartFault, call: PartCall | undefined): void {
    if (outcome instanceof PartFault && !plan.isOptional) {
      this.#isOver = true;
      const why = new GatewayError('client_closed', `Given up, since the part "${plan.name}" failed.`);
      for (const other of this.#calls) other.giveUp(why);
      this.#held.release();
      this.#options.onFault(plan.name, outcome, call);
      return;
    }
    this.#outcomes.set(plan.name, outcome);
    if (plan.isReferredTo && !(outcome instanceof PartFault)) this.#values.set(plan.name, outcome.value);
  }

  #finish(): void {
    this.#isOver = true;
    this.#options.onDone({ outcomes: this.#outcomes, isProven: this.#isProven });
    this.#held.release();
  }
}

/** A path that the gateway refuses is no fault of the client's, where somebody else's word is in it. */
function withBlame({ target }: PartPlan, outcome: PartAnswer | PartFault): PartAnswer | PartFault {
  if (!(outcome instanceof PartFault) || (outcome.code !== 'bad_path' && outcome.code !== 'uri_too_long'))
    return outcome;
  const references = outcome.code === 'bad_path' ? target.pathReferences : target.references;
  if (references.every(({ isClients }) => isClients)) return outcome;
  return new PartFault(502, 'part_failed', `can't be asked with a value that is not the client's`, {
    cause: outcome.cause,
  });
}
