import type { FieldNode, ValueNode, VariableDefinitionNode } from 'graphql/language/ast';
import { isRawNumber } from '../../lib/json-text.ts';

/** Finds how many elements a field asks for. */
export type ListSize = (field: FieldNode) => number;

/** Input objects inside each other that are looked into. */
const MAX_DEPTH = 64;

/**
 * Makes what reads the size of a list from the arguments of a field that are named so, also inside of input objects and
 * lists (`page: [{ first: 100 }]`): the largest one counts, the least is 1. A variable that is not sent has its default; of
 * several operations the largest default, since each of them might be the one that runs.
 */
export function createListSize(
  names: ReadonlySet<string>,
  variables: Readonly<Record<string, unknown>>,
  definitions: readonly VariableDefinitionNode[],
): ListSize {
  const defaults = new Map<string, ValueNode[]>();
  for (const { variable, defaultValue } of definitions) {
    if (defaultValue === undefined) continue;
    const others = defaults.get(variable.name.value);
    if (others === undefined) defaults.set(variable.name.value, [defaultValue]);
    else others.push(defaultValue);
  }

  // A variable may be large, and every field may name it: it is looked at once in either place.
  const known = [new Map<string, number>(), new Map<string, number>()] as const;

  function ofVariable(name: string, isSize: boolean): number {
    const sizes = known[isSize ? 1 : 0];
    const size = sizes.get(name) ?? lookAt(name, isSize);
    sizes.set(name, size);
    return size;
  }

  function lookAt(name: string, isSize: boolean): number {
    if (Object.hasOwn(variables, name)) return ofJson(variables[name], isSize, names, 0);
    // A default holds no variable, so this goes no deeper.
    return Math.max(1, ...(defaults.get(name) ?? []).map((value) => ofNode(value, isSize)));
  }

  function ofNode(value: ValueNode, isSize: boolean): number {
    if (value.kind === 'Variable') return ofVariable(value.name.value, isSize);
    if (value.kind === 'ObjectValue') {
      return value.fields.reduce(
        (most, { name, value: inner }) => Math.max(most, ofNode(inner, names.has(name.value))),
        1,
      );
    }
    // A service takes one value where a list is due, and an element of a list where one value is (GraphQL, section 3.11).
    if (value.kind === 'ListValue')
      return value.values.reduce((most, inner) => Math.max(most, ofNode(inner, isSize)), 1);
    if (!isSize) return 1;
    return value.kind === 'IntValue' || value.kind === 'FloatValue' || value.kind === 'StringValue'
      ? sizeOf(value.value)
      : 1;
  }

  return ({ arguments: list = [] }) =>
    list.reduce((most, { name, value }) => Math.max(most, ofNode(value, names.has(name.value))), 1);
}

function ofJson(value: unknown, isSize: boolean, names: ReadonlySet<string>, depth: number): number {
  const scalar = isRawNumber(value) ? value.rawJSON : value;
  if (typeof scalar === 'number' || typeof scalar === 'string') return isSize ? sizeOf(scalar) : 1;
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return 1;
  let most = 1;
  for (const [name, inner] of Object.entries(value)) {
    const isInnerSize = Array.isArray(value) ? isSize : names.has(name);
    most = Math.max(most, ofJson(inner, isInnerSize, names, depth + 1));
  }
  return most;
}

/** A number that is written as text may be taken for one by a service; a negative one is as large as its amount. */
function sizeOf(value: string | number): number {
  const size = typeof value === 'string' && value.trim() === '' ? 1 : Math.ceil(Math.abs(Number(value)));
  return Number.isNaN(size) ? 1 : Math.max(1, size);
}
