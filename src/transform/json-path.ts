/** One name of a path. */
export interface Step {
  readonly name: string;
  /** Whether the path says that a list is there (`[]`); it is looked through where one is, said or not. */
  readonly isList: boolean;
}

const MAX_STEPS = 32;
/**
 * A name, a name in quotes, or the mark of a list; a dot stands between a step and a name. What begins a JSONPath or a
 * JSON Pointer (`$`, `/`) is no name, lest one of those be taken for a path that leads nowhere.
 */
const PIECE = /(?:^|(?!^)\.)((?!\$(?:[.[]|$))[^.[\]'"\s/*]+)|\['((?:[^'\\]|\\.)+)'\]|(\[\])/y;

/**
 * Reads a path into JSON: `id`, `user.name`, `items[].price`, `['first.name']` for a name with other characters. Throws
 * a SyntaxError that says what is wrong.
 */
export function parseJsonPath(text: string): readonly Step[] {
  const steps: Step[] = [];
  let at = 0;
  while (at < text.length) {
    PIECE.lastIndex = at;
    const found = PIECE.exec(text);
    if (found === null) throw new SyntaxError(`"${text}" is no path, at its character ${at + 1}: ${HOW}`);
    const [piece, plain, quoted] = found;
    const name = plain ?? quoted?.replace(/\\(.)/g, '$1');
    const last = steps.at(-1);
    if (name !== undefined) steps.push({ name, isList: false });
    else if (last !== undefined) steps[steps.length - 1] = { ...last, isList: true };
    at += piece.length;
  }
  if (steps.length === 0) throw new SyntaxError(`a path without a name: ${HOW}`);
  if (steps.length > MAX_STEPS) throw new SyntaxError(`a path of more than ${MAX_STEPS} steps`);
  return steps;
}

const HOW = "names with dots between, [] behind the name of a list, ['a.b'] for other names: items[].price";
