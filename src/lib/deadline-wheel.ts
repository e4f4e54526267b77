/**
 * Many deadlines, one timer: a hashed timing wheel (Varghese and Lauck, 1987).
 *
 * A deadline is an object that the caller already has, linked into a slot; to move it, the caller writes `dueAtMs`,
 * and the wheel finds out when the slot comes round. Adding, moving and removing cost a few field writes and no
 * allocation, where a `setTimeout` a request costs a timer object and its list. Deadlines fire up to one tick late.
 */
export interface Deadline {
  /** On the `performance.now()` scale. May be moved later at any time; to move it earlier, call `add` again. */
  dueAtMs: number;
  /** Called once, after the deadline has left the wheel. */
  onDue(): void;
  /** Links of the wheel: start with null, and leave alone. */
  nextDeadline: Deadline | null;
  previousDeadline: Deadline | null;
}

class Slot implements Deadline {
  dueAtMs = 0;
  nextDeadline: Deadline | null = this;
  previousDeadline: Deadline | null = this;
  onDue(): void {}
}

export class DeadlineWheel {
  readonly #tickMs: number;
  readonly #slots: readonly Slot[];
  readonly #now: () => number;
  readonly #aside = new Slot();
  #cursor = 0;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;

  /** One turn is `tickMs * slots`; a deadline further away stays in its slot for several turns. */
  constructor({ tickMs = 20, slots = 256, now = () => performance.now() } = {}) {
    this.#tickMs = tickMs;
    this.#slots = Array.from({ length: slots }, () => new Slot());
    this.#now = now;
  }

  /** Deadlines waiting now. */
  get size(): number {
    return this.#size;
  }

  add(deadline: Deadline, dueAtMs: number): void {
    if (deadline.nextDeadline !== null) this.remove(deadline);
    deadline.dueAtMs = dueAtMs;
    if (this.#size === 0) this.#start();
    this.#size += 1;
    this.#link(deadline);
  }

  remove(deadline: Deadline): void {
    const { nextDeadline, previousDeadline } = deadline;
    if (nextDeadline === null || previousDeadline === null) return;
    previousDeadline.nextDeadline = nextDeadline;
    nextDeadline.previousDeadline = previousDeadline;
    deadline.nextDeadline = null;
    deadline.previousDeadline = null;
    this.#size -= 1;
  }

  /** Fires what is due; called by the wheel's own timer, and by tests. */
  tick(): void {
    const now = this.#now();
    const until = Math.floor(now / this.#tickMs);
    // After a long pause every slot is visited once, not once per missed tick.
    if (until - this.#cursor > this.#slots.length) this.#cursor = until - this.#slots.length;
    while (this.#cursor < until) {
      this.#cursor += 1;
      this.#visit(this.#slotAt(this.#cursor), now);
    }
    if (this.#size === 0) this.stop();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #start(): void {
    if (this.#timer !== undefined) return;
    this.#cursor = Math.floor(this.#now() / this.#tickMs);
    this.#timer = setInterval(() => this.tick(), this.#tickMs);
    this.#timer.unref();
  }

  #link(deadline: Deadline): void {
    const slot = this.#slotAt(Math.max(Math.ceil(deadline.dueAtMs / this.#tickMs), this.#cursor + 1));
    const last = slot.previousDeadline as Deadline;
    deadline.nextDeadline = slot;
    deadline.previousDeadline = last;
    last.nextDeadline = deadline;
    slot.previousDeadline = deadline;
  }

  #slotAt(tick: number): Slot {
    return this.#slots[tick % this.#slots.length] as Slot;
  }

  #visit(slot: Slot, now: number): void {
    if (slot.nextDeadline === slot) return;
    // Everything moves aside first: what is linked again may land in this very slot, a turn later.
    const aside = this.#aside;
    aside.nextDeadline = slot.nextDeadline;
    aside.previousDeadline = slot.previousDeadline;
    (aside.nextDeadline as Deadline).previousDeadline = aside;
    (aside.previousDeadline as Deadline).nextDeadline = aside;
    slot.nextDeadline = slot;
    slot.previousDeadline = slot;
    while (aside.nextDeadline !== aside) {
      const deadline = aside.nextDeadline as Deadline;
      this.remove(deadline);
      if (deadline.dueAtMs <= now) {
        deadline.onDue();
      } else {
        this.#size += 1;
        this.#link(deadline);
      }
    }
  }
}
