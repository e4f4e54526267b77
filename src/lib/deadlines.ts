/**
 * Many deadlines, one timer.
 *
 * A deadline is an object that the caller already has, linked into a list; to move it later, the caller writes
 * `dueAtMs`, and it is found out when the timer comes. Adding, moving and removing cost a few field writes and no
 * allocation, where a `setTimeout` a request costs a timer object and its list. The timer waits for the earliest
 * deadline that was known when it was set; only then is the list walked.
 */
export interface Deadline {
  /** On the `performance.now()` scale. May be moved later at any time; to move it earlier, call `add` again. */
  dueAtMs: number;
  /** Called once, after the deadline has left the list. */
  onDue(): void;
  /** Links of the list: start with null, and leave alone. */
  nextDeadline: Deadline | null;
  previousDeadline: Deadline | null;
}

/** The list is walked no more often than this, and so a deadline fires up to so much late. */
const MIN_WAIT_MS = 20;
/** `setTimeout` takes no more than 2^31 - 1; a longer wait is done in parts. */
const MAX_WAIT_MS = 60 * 60 * 1000;
/** A look that comes later than this came late by the fault of our own loop. */
const LATE_MS = 50;
/** A loop that is so late has more to do than it can. */
const OVERLOADED_MS = 200;
/** How long deadlines are held at most for the sake of a late loop. */
const MAX_HOLD_MS = 1000;

/**
 * Fires deadlines, up to 20 ms late and never early, and never for want of input that we have not read.
 *
 * Timers run before I/O in a turn of the loop: after a stall (a burst of requests, a long collection) the bytes that
 * meet a deadline may already wait in the kernel. So the timer only asks for a look once waiting input has been read;
 * and where the look comes late, what is due is held for as long as the loop was late, 1 s at most. Each deadline is
 * held once: a loop that is always late still ends what never ends by itself.
 */
export class Deadlines {
  readonly #list = createEnds();
  readonly #due = createEnds();
  readonly #now: () => number;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #look: NodeJS.Immediate | undefined;
  /** When the timer is to come; Infinity when there is none. */
  #askedForMs = Number.POSITIVE_INFINITY;
  /** What was due by then has been held already. */
  #heldUpToMs = 0;
  /** The end of the hold. */
  #heldUntilMs = 0;
  #isOverloaded = false;

  constructor({ now = () => performance.now() } = {}) {
    this.#now = now;
  }

  /** Deadlines waiting now. */
  get size(): number {
    return this.#size;
  }

  /**
   * True while what fires had been held already, and our own loop is very late again: it may have waited for us all the
   * time, and nobody else is to blame.
   */
  get isOverloaded(): boolean {
    return this.#isOverloaded;
  }

  /** Adds a deadline, or moves it to another time, earlier or later. */
  add(deadline: Deadline, dueAtMs: number): void {
    deadline.dueAtMs = dueAtMs;
    if (deadline.nextDeadline === null) {
      this.#size += 1;
      link(deadline, this.#list);
    }
    if (dueAtMs < this.#askedForMs) this.#ask(dueAtMs);
  }

  remove(deadline: Deadline): void {
    if (deadline.nextDeadline === null) return;
    unlink(deadline);
    this.#size -= 1;
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#look);
    this.#timer = undefined;
    this.#look = undefined;
    this.#askedForMs = Number.POSITIVE_INFINITY;
  }

  /** Sets the timer, unless a look is about to come that will. */
  #ask(forMs: number): void {
    if (this.#look !== undefined) return;
    const now = this.#now();
    const waitMs = Math.min(Math.max(forMs - now, this.#heldUntilMs - now, MIN_WAIT_MS), MAX_WAIT_MS);
    const askedForMs = now + waitMs;
    if (askedForMs >= this.#askedForMs) return;
    clearTimeout(this.#timer);
    this.#askedForMs = askedForMs;
    this.#timer = setTimeout(() => this.#onTimer(), waitMs);
    this.#timer.unref();
  }

  #onTimer(): void {
    const cameAtMs = this.#now();
    this.#look = setImmediate(() => this.#onLook(cameAtMs));
  }

  /** All that had arrived by `cameAtMs` has been read. */
  #onLook(cameAtMs: number): void {
    const now = this.#now();
    const lateMs = now - this.#askedForMs;
    this.#look = undefined;
    this.#askedForMs = Number.POSITIVE_INFINITY;
    this.#isOverloaded = lateMs > OVERLOADED_MS;
    if (lateMs > LATE_MS) {
      this.#heldUntilMs = now + Math.min(lateMs, MAX_HOLD_MS);
      this.#fire(this.#heldUpToMs);
      this.#heldUpToMs = now;
    } else {
      this.#fire(cameAtMs);
    }
  }

  /** Fires what is due by then, and asks for the earliest of the rest. */
  #fire(untilMs: number): void {
    let earliestMs = Number.POSITIVE_INFINITY;
    // They leave the list first: what fires may add and remove others.
    let deadline = this.#list.nextDeadline as Deadline;
    while (deadline !== this.#list) {
      const next = deadline.nextDeadline as Deadline;
      if (deadline.dueAtMs <= untilMs) {
        unlink(deadline);
        link(deadline, this.#due);
      } else if (deadline.dueAtMs < earliestMs) {
        earliestMs = deadline.dueAtMs;
      }
      deadline = next;
    }
    if (earliestMs !== Number.POSITIVE_INFINITY) this.#ask(earliestMs);
    while (this.#due.nextDeadline !== this.#due) {
      const first = this.#due.nextDeadline as Deadline;
      this.remove(first);
      // Another may have moved it away.
      if (first.dueAtMs > untilMs) this.add(first, first.dueAtMs);
      else first.onDue();
    }
  }
}

/** Both ends of an empty list: it is a ring, so that nothing is ever the first or the last. */
function createEnds(): Deadline {
  const ends: Deadline = { dueAtMs: 0, nextDeadline: null, previousDeadline: null, onDue() {} };
  ends.nextDeadline = ends;
  ends.previousDeadline = ends;
  return ends;
}

function link(deadline: Deadline, ends: Deadline): void {
  const last = ends.previousDeadline as Deadline;
  deadline.nextDeadline = ends;
  deadline.previousDeadline = last;
  last.nextDeadline = deadline;
  ends.previousDeadline = deadline;
}

function unlink(deadline: Deadline): void {
  const { nextDeadline: next, previousDeadline: previous } = deadline as Linked;
  previous.nextDeadline = next;
  next.previousDeadline = previous;
  deadline.nextDeadline = null;
  deadline.previousDeadline = null;
}

interface Linked {
  readonly nextDeadline: Deadline;
  readonly previousDeadline: Deadline;
}
