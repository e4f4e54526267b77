/**
 * What one check may cost. A schema that refers to itself in two branches (`oneOf`, `anyOf`) doubles its work with every
 * level of the value, so that sixty nested objects would take for ever: each call, each round of a loop and each fault
 * is counted. What counts of a body is what stands in it: a few bytes of gzip unfold to megabytes of blanks.
 */
export class TooMuchWork extends Error {}

/** How much there is to check. */
export interface Weight {
  /** Values in the value, itself too. */
  readonly values: number;
  /** Characters in its texts and names. */
  readonly chars: number;
}

/** What any body may cost, however small: below 5 ms. */
const BASE_STEPS = 50_000;
/** An ordinary schema takes one to five steps a value, one of twenty kinds of object in `oneOf` thirty. */
const STEPS_PER_VALUE = 100;
const MAX_STEPS = 4_000_000;
const MAX_WEIGHED = MAX_STEPS / STEPS_PER_VALUE;

/** Each of them costs 10 to 300 ns in an expression, and an expression does not rest. */
const BASE_CHARS = 20_000;
/** So many expressions may read the whole of a text. */
const READS_OF_TEXT = 5;
const MAX_CHARS = 500_000;

/**
 * A step may cost more than a step where it looks at a long text: so there is a time too, whatever the size. Of the
 * processor's, as a body is not worse where the machine is busy.
 */
const MAX_MS = 100;
const STEPS_BETWEEN_LOOKS = 16;

/** A fault is an object, and most of them nobody asks for. */
const STEPS_PER_FAULT = 4;
/** So many of them are kept; of the others it is known that they were. */
const MAX_KEPT = 1000;
export const NOT_KEPT = { instancePath: '', keyword: 'not kept', message: '', params: {} } as const;

export class Budget {
  #steps = 0;
  #nextLook = 0;
  #chars = 0;
  #untilMs = 0;
  #startedAtCpuMs = 0;

  /** Begins anew, for a value of this weight. */
  begin({ values, chars }: Weight): void {
    this.#steps = Math.min(BASE_STEPS + values * STEPS_PER_VALUE, MAX_STEPS);
    this.#nextLook = this.#steps - STEPS_BETWEEN_LOOKS;
    this.#chars = Math.min(BASE_CHARS + chars * READS_OF_TEXT, MAX_CHARS);
    this.#untilMs = 0;
  }

  spend(steps = 1): void {
    this.#steps -= steps;
    if (this.#steps < 0) throw new TooMuchWork();
    if (this.#steps < this.#nextLook) this.#look();
  }

  spendOnText(chars: number): void {
    this.#chars -= chars;
    if (this.#chars < 0) throw new TooMuchWork();
    this.spend();
  }

  /** Adds a fault to those of a check, in the place of `push`. Their number stays true: Ajv goes by it. */
  keep(faults: object[], fault: object): void {
    this.spend(STEPS_PER_FAULT);
    faults.push(faults.length < MAX_KEPT ? fault : NOT_KEPT);
  }

  /** The same with all faults of another check, in the place of `concat`, which would copy both lists at each level. */
  join(faults: object[], more: readonly object[]): object[] {
    for (const fault of more) this.keep(faults, fault);
    return faults;
  }

  #look(): void {
    this.#nextLook = this.#steps - STEPS_BETWEEN_LOOKS;
    const nowMs = performance.now();
    if (this.#untilMs === 0) {
      this.#startedAtCpuMs = cpuMs();
      this.#untilMs = nowMs + MAX_MS;
    } else if (nowMs > this.#untilMs) {
      const leftMs = this.#startedAtCpuMs + MAX_MS - cpuMs();
      if (leftMs <= 1) throw new TooMuchWork();
      this.#untilMs = nowMs + leftMs;
    }
  }
}

/** What this thread has taken of the processor, in milliseconds. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** What there is in a value; no further than to where more makes no difference. The value is nested 64 levels deep at most. */
export function weigh(value: unknown): Weight {
  const weight = { values: 0, chars: 0 };
  addWeight(value, weight);
  return weight;
}

function addWeight(value: unknown, weight: { values: number; chars: number }): void {
  weight.values += 1;
  if (typeof value === 'string') weight.chars += value.length;
  if (typeof value !== 'object' || value === null) return;
  const object = value as Readonly<Record<string, unknown>>;
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    if (weight.values >= MAX_WEIGHED) return;
    if (typeof key === 'string') weight.chars += key.length;
    addWeight(object[key], weight);
  }
}

/** Strings of the code that Ajv makes; outside of them the head of a function or a loop, and what faults are added with. */
const TO_COUNT = /"(?:[^"\\]|\\.)*"|function validate\d+\([^)]*\)\{|for\([^{"]*\)\{|vErrors\.(?:push|concat)\(/g;

const INSTEAD: Readonly<Record<string, string>> = {
  'vErrors.push(': 'self.keep(vErrors,',
  'vErrors.concat(': 'self.join(vErrors,',
};

/** Makes code of Ajv (8.20) count what it does: `self` is the Ajv, which has `spend`, `keep` and `join` for that. */
export function countWork(code: string): string {
  return code.replace(TO_COUNT, (found) => {
    if (found.startsWith('"')) return found;
    return INSTEAD[found] ?? `${found}self.spend();`;
  });
}
