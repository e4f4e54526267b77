import type {
  DirectiveNode,
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql/language/ast';
import { createListSize, type ListSize } from './list-size.ts';
import { QueryFault } from './query-fault.ts';

/** How much a selection asks for, with every fragment in the place where it is spread. */
export interface Measure {
  /** Fields inside each other. */
  readonly depth: number;
  /** The same below `__schema`, `__type` and `_service`; 0 where none of them is asked for. */
  readonly introspectionDepth: number;
  /** Fields of the selection itself. */
  readonly width: number;
  readonly aliases: number;
  readonly directives: number;
  /** 1 a field, times the size of the list where an argument names one, for all that is below it too. */
  readonly cost: number;
}

/** What a document says, apart from its text. */
export interface ReadDocument {
  readonly operations: readonly OperationDefinitionNode[];
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

/** Selections and fragments inside each other that are followed, so that the stack holds. */
const MAX_LEVELS = 500;

/** These tell of the schema itself; the last one is Apollo Federation's, and has all of its text. */
const INTROSPECTION = new Set(['__schema', '__type', '_service']);

/** Sorts what a document defines. Throws `QueryFault` for what no service could run, or which it might read otherwise. */
export function readDocument({ definitions }: DocumentNode): ReadDocument {
  const operations: OperationDefinitionNode[] = [];
  const named = new Set<string>();
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === 'OperationDefinition') addOperation(definition, operations, named);
    else if (definition.kind === 'FragmentDefinition') addFragment(definition, fragments);
    else throw new QueryFault('it defines something else than operations and fragments');
  }
  if (operations.length === 0) throw new QueryFault('it has no operation');
  return { operations, fragments };
}

function addOperation(one: OperationDefinitionNode, all: OperationDefinitionNode[], named: Set<string>): void {
  const name = one.name?.value ?? '';
  if (named.has(name)) throw new QueryFault('two of its operations have one name');
  named.add(name);
  all.push(one);
}

function addFragment(one: FragmentDefinitionNode, all: Map<string, FragmentDefinitionNode>): void {
  if (all.has(one.name.value)) throw new QueryFault('two of its fragments have one name');
  all.set(one.name.value, one);
}

/**
 * Measures every operation, in time linear in the document: a fragment is measured once, however often it is spread
 * (twenty that spread the next one twice are a million fields). Throws `QueryFault` for fragments that are missing or
 * lead back to themselves, used or not (GraphQL, section 5.5.2).
 */
export function measureDocument(
  { operations, fragments }: ReadDocument,
  listArguments: ReadonlySet<string>,
  variables: Readonly<Record<string, unknown>>,
): readonly Measure[] {
  const definitions = operations.flatMap(({ variableDefinitions = [] }) => variableDefinitions);
  const measuring = new Measuring(fragments, createListSize(listArguments, variables, definitions));
  for (const name of fragments.keys()) measuring.fragment(name);
  return operations.map((operation) => measuring.operation(operation));
}

class Measuring {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #listSize: ListSize;
  readonly #known = new Map<string, Measure>();
  readonly #open = new Set<string>();
  #level = 0;

  constructor(fragments: ReadonlyMap<string, FragmentDefinitionNode>, listSize: ListSize) {
    this.#fragments = fragments;
    this.#listSize = listSize;
  }

  operation({ selectionSet, directives, variableDefinitions = [] }: OperationDefinitionNode): Measure {
    const ofVariables = variableDefinitions.reduce((sum, one) => sum + countOf(one.directives), 0);
    return withDirectives(this.#selections(selectionSet), countOf(directives) + ofVariables);
  }

  fragment(name: string): Measure {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const definition = this.#fragments.get(name);
    if (definition === undefined) throw new QueryFault('it spreads a fragment that it does not have');
    if (this.#open.has(name)) throw new QueryFault('its fragments lead back to themselves');
    this.#open.add(name);
    const measure = withDirectives(this.#selections(definition.selectionSet), countOf(definition.directives));
    this.#open.delete(name);
    this.#known.set(name, measure);
    return measure;
  }

  #selections(set: SelectionSetNode | undefined): Measure {
    if (set === undefined) return NOTHING;
    if (++this.#level > MAX_LEVELS) throw new QueryFault(`nested deeper than ${MAX_LEVELS} levels with its fragments`);
    let sum = NOTHING;
    for (const selection of set.selections) sum = add(sum, this.#selection(selection));
    this.#level--;
    return sum;
  }

  #selection(selection: SelectionNode): Measure {
    if (selection.kind === 'Field') return this.#field(selection);
    const inner =
      selection.kind === 'FragmentSpread'
        ? this.fragment(selection.name.value)
        : this.#selections(selection.selectionSet);
    return withDirectives(inner, countOf(selection.directives));
  }

  #field(field: FieldNode): Measure {
    const below = this.#selections(field.selectionSet);
    const isIntrospection = INTROSPECTION.has(field.name.value);
    return {
      depth: isIntrospection ? 1 : below.depth + 1,
      introspectionDepth: Math.max(below.introspectionDepth, isIntrospection ? below.depth + 1 : 0),
      width: 1,
      aliases: below.aliases + (field.alias === undefined ? 0 : 1),
      directives: below.directives + countOf(field.directives),
      cost: this.#listSize(field) * (1 + below.cost),
    };
  }
}

const NOTHING: Measure = { depth: 0, introspectionDepth: 0, width: 0, aliases: 0, directives: 0, cost: 0 };

function add(a: Measure, b: Measure): Measure {
  return {
    depth: Math.max(a.depth, b.depth),
    introspectionDepth: Math.max(a.introspectionDepth, b.introspectionDepth),
    width: a.width + b.width,
    aliases: a.aliases + b.aliases,
    directives: a.directives + b.directives,
    cost: a.cost + b.cost,
  };
}

function withDirectives(measure: Measure, count: number): Measure {
  return count === 0 ? measure : { ...measure, directives: measure.directives + count };
}

function countOf(directives: readonly DirectiveNode[] | undefined): number {
  return directives?.length ?? 0;
}
