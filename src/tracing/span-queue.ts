/** A span that is longer is none that we make; so much memory is taken at most, whatever the queue may hold. */
const MAX_CHARS = 16 * 1024 * 1024;

/** Finished spans that wait to be sent, as JSON; bounded by their number, and by what they take. */
export class SpanQueue {
  readonly #maxQueued: number;
  #spans: string[] = [];
  #chars = 0;

  constructor(maxQueued: number) {
    this.#maxQueued = maxQueued;
  }

  get size(): number {
    return this.#spans.length;
  }

  /** False where it is full. */
  add(span: string): boolean {
    if (this.#spans.length >= this.#maxQueued || this.#chars + span.length > MAX_CHARS) return false;
    this.#spans.push(span);
    this.#chars += span.length;
    return true;
  }

  /** Takes the oldest ones out. */
  take(maxSpans: number): readonly string[] {
    const taken = this.#spans.splice(0, maxSpans);
    for (const { length } of taken) this.#chars -= length;
    return taken;
  }
}
