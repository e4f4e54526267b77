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

export class Budget {
  #left = 0;

  /** Begins anew, for a value that came as so many bytes. */
  begin(bytes: number): void {
    this.#left = BASE_STEPS + bytes * STEPS_PER_BYTE;
  }

  spend(): void {
    this.#left -= 1;
    if (this.#left < 0) throw new TooMuchWork();
  }

  spendOnText(text: string): void {
    this.#left -= text.length * STEPS_PER_CHAR;
    if (this.#left < 0) throw new TooMuchWork();
  }
}

/** Strings of the code that Ajv makes, or the head of a function or a loop outside of them. */
const STRING_OR_HEAD = /"(?:[^"\\]|\\.)*"|function validate\d+\([^)]*\)\{|for\([^{"]*\)\{/g;

/** Makes code of Ajv (8.20) count what it does: `self` is the Ajv, which has `spend` for that. */
export function countWork(code: string): string {
  return code.replace(STRING_OR_HEAD, (found) => (found.startsWith('"') ? found : `${found}self.spend();`));
}
