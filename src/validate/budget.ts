/**
 * What one check may cost. A schema that refers to itself in two branches (`oneOf`, `anyOf`) doubles its work with every
 * level of the value, so that sixty nested objects would take for ever: each call and each round of a loop is counted.
 */
export class TooMuchWork extends Error {}

const BASE_STEPS = 50_000;
/** An ordinary schema takes less than one step a byte. */
const STEPS_PER_BYTE = 20;
/** A character that an expression reads costs about as much as a round of a loop. */
const STEPS_PER_CHAR = 4;
/** A step may cost more than a step where it looks at a long text: so there is a time too, seldom looked at. */
const BASE_MS = 250;
const MS_PER_BYTE = 0.001;
const STEPS_BETWEEN_LOOKS = 64;

export class Budget {
  #left = 0;
  #nextLook = 0;
  #maxMs = 0;
  #untilMs = 0;

  /** Begins anew, for a value that came as so many bytes. */
  begin(bytes: number): void {
    this.#left = BASE_STEPS + bytes * STEPS_PER_BYTE;
    this.#nextLook = this.#left - STEPS_BETWEEN_LOOKS;
    this.#maxMs = BASE_MS + bytes * MS_PER_BYTE;
    this.#untilMs = 0;
  }

  spend(steps = 1): void {
    this.#left -= steps;
    if (this.#left < 0) throw new TooMuchWork();
    if (this.#left < this.#nextLook) this.#look();
  }

  spendOnText(text: string): void {
    this.spend(text.length * STEPS_PER_CHAR);
  }

  #look(): void {
    this.#nextLook = this.#left - STEPS_BETWEEN_LOOKS;
    const nowMs = performance.now();
    if (this.#untilMs === 0) this.#untilMs = nowMs + this.#maxMs;
    else if (nowMs > this.#untilMs) throw new TooMuchWork();
  }
}

/** Strings of the code that Ajv makes, or the head of a function or a loop outside of them. */
const STRING_OR_HEAD = /"(?:[^"\\]|\\.)*"|function validate\d+\([^)]*\)\{|for\([^{"]*\)\{/g;

/** Makes code of Ajv (8.20) count what it does: `self` is the Ajv, which has `spend` for that. */
export function countWork(code: string): string {
  return code.replace(STRING_OR_HEAD, (found) => (found.startsWith('"') ? found : `${found}self.spend();`));
}
