/** Every item of a list, in a path. */
export const EACH = Symbol('[]');

/** A member of an object, or every item of a list. */
export type Step = string | typeof EACH;

const MAX_STEPS = 32;
/**
 * A name, a name in quotes, or the mark of a list; a dot stands between a step and a name. What begins a JSONPath or a
 * JSON Pointer (`$`, `/`) is no name, lest one of those be taken for a path that leads nowhere.
 */
const PIECE = /(?:^|(?!^)\.)((?!\$(?:[.[]|$))[^.[\]'"\s/*]+)|\['((?:[^'\\]|\\.)+)'\]|(\[\])/y;

/**
 * Reads a path into JSON: `id`, `user.name`, `items[].price`, `[].id` where the whole is a list, `['first.name']` for a
 * name with other characters. Throws a SyntaxError that says what is wrong.
 */
export function parseJsonPath(text: string): readonly Step[] {
  const steps: Step[] = [];
  PIECE.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    PIECE.lastIndex = at;
    const found = PIECE.exec(text);
    if (found === null) throw new SyntaxError(`"${text}" is no path, at its character ${at + 1}: ${HOW}`);
    const [piece, name, quoted] = found;
    steps.push(name ?? quoted?.replace(/\\(.)/g, '$1') ?? EACH);
    at += piece.length;
  }
  if (steps.length === 0) throw new SyntaxError(`an empty path: ${HOW}`);
  if (steps.length > MAX_STEPS) throw new SyntaxError(`a path of more than ${MAX_STEPS} steps`);
  return steps;
}

const HOW = "names with dots between, [] for every item of a list, ['a.b'] for other names: items[].price";
