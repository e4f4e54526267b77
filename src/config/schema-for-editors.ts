/** The parts of a JSON Schema that are looked at here. */
export interface EditorSchema {
  type?: unknown;
  enum?: unknown[];
  const?: unknown;
  anyOf?: EditorSchema[];
  [keyword: string]: unknown;
}

/**
 * Makes each choice flat, with its words in one list: an editor that finds none of them right names those of one list,
 * and of a list within a list none.
 */
export function flattenChoices(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  for (const child of Object.values(node)) flattenChoices(child);
  const schema = node as EditorSchema;
  if (!Array.isArray(schema.anyOf)) return;
  const branches = schema.anyOf.flatMap((branch) =>
    isBareChoice(branch) ? (branch.anyOf as EditorSchema[]) : [branch],
  );
  const words = branches.filter(isWordList);
  if (words.length > 1) {
    const [first] = words;
    const all = { type: 'string', enum: words.flatMap((branch) => branch.enum ?? [branch.const]) };
    schema.anyOf = branches.flatMap((branch) => (branch === first ? [all] : isWordList(branch) ? [] : [branch]));
  } else {
    schema.anyOf = branches;
  }
}

function isBareChoice(branch: EditorSchema): boolean {
  return branch.anyOf !== undefined && Object.keys(branch).length === 1;
}

function isWordList({ type, ...rest }: EditorSchema): boolean {
  const keys = Object.keys(rest);
  return type === 'string' && keys.length === 1 && (keys[0] === 'enum' || keys[0] === 'const');
}

/**
 * Marks routes that lead nowhere: one of these keys has to be in each, unless `defaults` have one. For the whole file,
 * since a route alone does not know its defaults.
 */
export function requireEnding(endings: readonly string[]): object {
  const anyOf = endings.map((key) => ({ required: [key] }));
  return {
    if: { properties: { defaults: { anyOf } }, required: ['defaults'] },
    else: { properties: { routes: { items: { anyOf } } } },
  };
}
