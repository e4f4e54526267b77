import type { RequestContext, Sink } from '../context.ts';
import type { InProcess, InProcessCall } from '../deps.ts';
import { GatewayError } from '../errors.ts';
import type { Deadline, Deadlines } from '../lib/deadlines.ts';
import { HEAVY_BYTES, ownTurn } from '../lib/own-turn.ts';
import { PieceList } from '../lib/piece-list.ts';
import type { AnswerFields } from '../sink.ts';
import type { Held } from './held.ts';
import { isJson, noJson, type PartAnswer, plainBody, readAnswer } from './part-answer.ts';
import { PartFault } from './part-fault.ts';
import type { PartPlan } from './plan.ts';

/** What all parts under one request of a client share, those of parts among them. */
export interface Budget {
  parts: number;
  bytes: number;
}

/** What the calls of one whole share. */
export interface Shared {
  readonly deadlines: Deadlines;
  readonly budget: Budget;
  readonly held: Held;
}

/** Called once, with what came of the part. */
export type OnSettled = (call: PartCall, outcome: PartAnswer | PartFault) => void;

/** A part under way: a request in process, whose answer is collected, and its deadline. */
export class PartCall implements Sink, Deadline {
  readonly plan: PartPlan;
  dueAtMs = 0;
  nextDeadline: Deadline | null = null;
  previousDeadline: Deadline | null = null;
  /** Whether its caller was proven: then its answer is for nobody else. */
  isProven = false;
  /** Header fields that tell the limits that it was counted in, names and values by turns. */
  extraHeaders: readonly string[] = [];
  readonly #shared: Shared;
  readonly #onSettled: OnSettled;
  #call: InProcessCall | undefined;
  #status = 0;
  #fields: AnswerFields = {};
  readonly #pieces = new PieceList();
  #bytes = 0;
  #isSettled = false;

  constructor(plan: PartPlan, shared: Shared, onSettled: OnSettled) {
    this.plan = plan;
    this.#shared = shared;
    this.#onSettled = onSettled;
  }

  /** Asks. `dueAtMs` is on the scale of `performance.now()`. */
  send(
    inProcess: InProcess,
    parent: RequestContext,
    target: string,
    headers: readonly string[],
    dueAtMs: number,
  ): void {
    this.#shared.deadlines.add(this, dueAtMs);
    try {
      this.#call = inProcess({ method: 'GET', target, headers, sink: this, parent, part: this.plan.name });
    } catch (error) {
      this.#settle(PartFault.ofError(error));
    }
    // It may have been refused before there was anything to end.
    if (this.#isSettled) this.#call?.abort();
  }

  onDue(): void {
    this.#refuse(new PartFault(504, 'headers_timeout', 'took longer than it may'));
  }

  /** Nobody wants its answer any more; `why` is for its log line, where that is not the client's doing. */
  giveUp(why?: GatewayError): void {
    if (this.#isSettled) return;
    this.#finish();
    this.#call?.abort(why);
  }

  head(_context: RequestContext, status: number, fields: AnswerFields): void {
    this.#status = status;
    this.#fields = fields;
    if (Number(fields['content-length'] ?? 0) > this.plan.maxBytes) this.#refuse(tooLarge());
    // An event stream would go on for ever.
    else if (status < 300 && !isJson(fields)) this.#refuse(noJson(status));
  }

  write(_context: RequestContext, chunk: Buffer): boolean {
    this.#take(chunk);
    return true;
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    if (last !== undefined) this.#take(last);
    if (this.#isSettled) return;
    this.#note(context);
    const body = this.#pieces.whole();
    this.#pieces.clear();
    this.#read(body).then(
      (answer) => this.#settle(answer),
      (error: unknown) => this.#settle(error instanceof PartFault ? error : PartFault.ofError(error)),
    );
  }

  fail(context: RequestContext, error: unknown): void {
    this.#note(context);
    this.#settle(PartFault.ofError(error));
  }

  async #read(coded: Buffer): Promise<PartAnswer> {
    const { budget, held } = this.#shared;
    const raw = { status: this.#status, fields: this.#fields, body: coded };
    const body = await plainBody(raw, Math.min(this.plan.maxBytes, budget.bytes + coded.length + 1));
    if (body !== coded) {
      budget.bytes -= body.length;
      if (budget.bytes < 0) throw tooLarge();
      if (!held.take(body.length)) throw PartFault.ofOverload();
    }
    if (body.length >= HEAVY_BYTES && !(await ownTurn(held.caller))) throw PartFault.ofOverload();
    // The client may have left, or the time be over: nobody reads it then.
    if (this.#isSettled) throw tooLate();
    return readAnswer(this.plan, { ...raw, body });
  }

  #note({ authMethod, extraHeaders }: RequestContext): void {
    this.isProven = authMethod !== undefined;
    this.extraHeaders = extraHeaders ?? [];
  }

  #take(chunk: Buffer): void {
    if (this.#isSettled) return;
    this.#bytes += chunk.length;
    const { budget, held } = this.#shared;
    budget.bytes -= chunk.length;
    if (this.#bytes > this.plan.maxBytes || budget.bytes < 0) this.#refuse(tooLarge());
    else if (!held.take(chunk.length)) this.#refuse(PartFault.ofOverload());
    else this.#pieces.add(chunk);
  }

  /** Ends it in the middle of its answer. */
  #refuse(fault: PartFault): void {
    this.#settle(fault);
    this.#call?.abort(new GatewayError(fault.code, `The part "${this.plan.name}" ${fault.message}.`));
  }

  #settle(outcome: PartAnswer | PartFault): void {
    if (this.#isSettled) return;
    this.#finish();
    this.#onSettled(this, outcome);
  }

  #finish(): void {
    this.#isSettled = true;
    this.#pieces.clear();
    this.#shared.deadlines.remove(this);
  }
}

function tooLarge(): PartFault {
  return new PartFault(502, 'answer_too_large', 'answered more than the whole may hold');
}

function tooLate(): PartFault {
  return new PartFault(502, 'part_failed', 'was given up');
}
