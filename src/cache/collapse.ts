import type { UnderWay } from '../facts.ts';
import type { Deadline, Deadlines } from '../lib/deadlines.ts';
import { RecentMap } from '../lib/recent-map.ts';

/** How long a request waits for the answer to another one; then it asks itself. */
const WAIT_MS = 10_000;
/** So long nobody waits after an answer turned out to be for its asker alone. */
const HOPELESS_MS = 10_000;
const REMEMBERED = 10_000;

/** Told when the answer that was waited for is stored, or will not be, or takes too long. */
type GoOn = () => void;

/**
 * Requests for one and the same answer: the first one asks, the others wait for it. What is learned of a name is
 * remembered for a while: where an answer could not be stored, all ask at once, as if there were no cache.
 */
export class Collapse {
  readonly #deadlines: Deadlines;
  readonly #fillings = new Map<string, Filling>();
  readonly #hopeless = new RecentMap<string, number>(REMEMBERED);
  readonly #common = new RecentMap<string, true>(REMEMBERED);

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines;
  }

  /** The one that asks for the answer of this name from here on; undefined where somebody does already. */
  begin(name: string): Filling | undefined {
    if (this.#fillings.has(name)) return undefined;
    const filling = new Filling(
      () => this.#fillings.delete(name),
      () => this.#hopeless.set(name, performance.now() + HOPELESS_MS),
    );
    this.#fillings.set(name, filling);
    return filling;
  }

  /** Whether the last answer under this name was for everybody: then all that ask for it wait for one of them. */
  isCommon(name: string): boolean {
    return this.#common.get(name) === true;
  }

  learn(name: string, isCommon: boolean): void {
    if (isCommon) this.#common.set(name, true);
    else this.#common.delete(name);
  }

  /** Waits for whoever asks; undefined where nobody does, or waiting is in vain. */
  wait(name: string, goOn: GoOn): UnderWay | undefined {
    const filling = this.#fillings.get(name);
    if (filling === undefined || (this.#hopeless.get(name) ?? 0) > performance.now()) return undefined;
    return new Waiter(filling, this.#deadlines, goOn);
  }
}

/** An answer that is being asked for. */
export class Filling {
  readonly #forget: () => void;
  readonly #learn: () => void;
  readonly waiters = new Set<Waiter>();
  #isOver = false;

  constructor(forget: () => void, learn: () => void) {
    this.#forget = forget;
    this.#learn = learn;
  }

  /** Frees those that wait, once. `isHopeless`: it is nobody's but the asker's, and the next ones will be so too. */
  end(isHopeless = false): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#forget();
    if (isHopeless) this.#learn();
    for (const waiter of [...this.waiters]) waiter.goOn();
  }
}

class Waiter implements Deadline, UnderWay {
  dueAtMs = 0;
  nextDeadline: Deadline | null = null;
  previousDeadline: Deadline | null = null;
  readonly #filling: Filling;
  readonly #deadlines: Deadlines;
  readonly #goOn: GoOn;

  constructor(filling: Filling, deadlines: Deadlines, goOn: GoOn) {
    this.#filling = filling;
    this.#deadlines = deadlines;
    this.#goOn = goOn;
    filling.waiters.add(this);
    deadlines.add(this, performance.now() + WAIT_MS);
  }

  onDue(): void {
    this.goOn();
  }

  goOn(): void {
    if (!this.#filling.waiters.has(this)) return;
    this.close();
    this.#goOn();
  }

  /** The client left. */
  close(): void {
    this.#filling.waiters.delete(this);
    this.#deadlines.remove(this);
  }
}
