import type { Logger } from 'winston';
import { settledWithin } from '../lib/settled-within.ts';
import type { Tally } from '../metrics/tally-histogram.ts';
import type { StageHooks, StageLog } from './define-stage.ts';
import { type Runner, runAs } from './late-faults.ts';
import type { OwnDefinition } from './read-definition.ts';
import { tellable, tellableFields } from './tellable.ts';

/** Why a stage has failed, as it is counted. */
export type FailureReason = 'threw' | 'timeout' | 'twice' | 'late';

/** A stage that can't be made for a route: the configuration is refused for it. */
export class OwnStageFault extends Error {
  readonly stage: string;

  constructor(stage: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.stage = stage;
  }
}

/** What an instance is told of where it runs. */
export interface InstanceTerms {
  readonly definition: OwnDefinition;
  readonly route: string;
  readonly log: Logger;
  readonly duration: Tally;
  readonly countFailure: (reason: FailureReason) => void;
  /** Told of the closing, which a gateway that stops waits for. */
  readonly onClosing?: (closing: Promise<void>) => void;
}

/** One stage on one route, in one configuration: its hooks, and what is told of it. */
export class OwnInstance implements Runner {
  readonly terms: InstanceTerms;
  hooks: StageHooks = {};
  /** Hooks under way that nobody waits for, and requests whose end is still to be told. */
  #busy = 0;
  #isLeft = false;

  constructor(terms: InstanceTerms) {
    this.terms = terms;
  }

  /** With the request's ID where there is one. */
  logOf(requestId?: string): StageLog {
    const { definition, route, log } = this.terms;
    const more = { ownStage: definition.name, route, ...(requestId !== undefined && { requestId }) };
    const write = (level: keyof StageLog, message: unknown, fields: unknown): void => {
      const told = tellableFields(fields);
      log[level](String(tellable(message)), { ...told, ...more });
    };
    return {
      info: (message, fields) => write('info', message, fields),
      warn: (message, fields) => write('warn', message, fields),
      error: (message, fields) => write('error', message, fields),
    };
  }

  /** Something went wrong: it is counted, and told with its cause. */
  failed(reason: FailureReason, message: string, requestId: string | undefined, error?: unknown): void {
    this.terms.countFailure(reason);
    this.logOf(requestId).error(
      `own stage ${this.terms.definition.name}: ${message}`,
      error === undefined ? {} : { error: tellable(error) },
    );
  }

  late(error: unknown): void {
    this.failed('late', 'failed where nobody waits for it', undefined, error);
  }

  /** A request will tell of its end: an open WebSocket outlives its configuration. */
  hold(): void {
    this.#busy += 1;
  }

  letGo(): void {
    this.#busy -= 1;
    this.#closeWhenIdle();
  }

  /** Runs what no request waits for, and keeps what it uses until it is done, or its time is up. */
  async runAside(what: string, work: () => unknown, requestId?: string): Promise<void> {
    this.hold();
    const { timeoutMs } = this.terms.definition;
    try {
      const result = runAs(this, work);
      if (result instanceof Promise && !(await settledWithin(result, timeoutMs)))
        this.failed('timeout', `${what} took longer than ${timeoutMs} ms`, requestId);
    } catch (error) {
      this.failed('threw', `${what} failed`, requestId, error);
    }
    this.letGo();
  }

  /** No configuration needs it any more, and no request. */
  close(): void {
    this.#isLeft = true;
    this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    const { close } = this.hooks;
    if (!this.#isLeft || this.#busy > 0 || close === undefined) return;
    const { hooks } = this;
    this.hooks = {};
    const closing = this.runAside('close', () => close.call(hooks));
    this.terms.onClosing?.(closing);
  }
}
