import type { OperationDefinitionNode } from 'graphql/language/ast';
import { type ListedQueries, type ListedQuery, readListedQueries, sha256 } from './listed-queries.ts';
import { type Measure, measureDocument, type ReadDocument, readDocument } from './measure.ts';
import type { GraphqlOptions } from './options.ts';
import { loadParser, parseQuery, type QuerySize } from './parse-query.ts';
import { QueryFault } from './query-fault.ts';
import { type GraphqlMessage, renderMessage } from './read-message.ts';

/** What was found out of one message. */
export interface Judged {
  /** Name of the operation that runs, where it has one. */
  readonly name: string | undefined;
  readonly type: OperationDefinitionNode['operation'];
  /** True where some operation of the document changes something. */
  readonly mayMutate: boolean;
  readonly listed: ListedQuery | undefined;
  readonly cost: number;
  /** What it has too much of: `depth 12, at most 10`. */
  readonly excess: readonly string[];
  /** What the service is told in place of what the client sent. */
  readonly rendered: object;
}

/** The standard query of graphql-js, as tools send it, is 14 deep. */
const MAX_INTROSPECTION_DEPTH = 20;

/** Larger counts are displayed as this. */
const MAX_SHOWN = 1e12;

/** Looks at messages as one route takes them. */
export class GraphqlGuard {
  readonly #options: GraphqlOptions;
  readonly #listArguments: ReadonlySet<string>;
  readonly #size: QuerySize;
  readonly listed: ListedQueries;

  constructor(options: GraphqlOptions) {
    loadParser();
    this.#options = options;
    this.#listArguments = new Set(options.listArguments);
    this.#size = { maxTokens: options.maxTokens, maxBytes: options.maxSize };
    this.listed = readListedQueries(options.queries ?? {});
  }

  /** Judges one message. Throws `QueryFault` for what can't be judged, or is not on a list that is the only one. */
  judge(message: GraphqlMessage): Judged {
    const listed = this.#findListed(message);
    const text = listed?.text ?? (message.query as string);
    const document = listed?.document ?? readDocument(parseQuery(text, this.#size));
    const { operations } = document;
    const selected = select(operations, message.operationName);
    const measures = this.#measure(document, message);
    const excess = measures.flatMap((measure) => [...this.#excessOf(measure, listed !== undefined)]);
    return {
      name: selected.name?.value,
      type: selected.operation,
      mayMutate: operations.some(({ operation }) => operation === 'mutation'),
      listed,
      cost: measures.reduce((most, { cost }) => Math.max(most, cost), 0),
      excess: [...new Set(excess)],
      rendered: renderMessage(message, text),
    };
  }

  /** What a whole request has too much of. */
  excessOfAll(judged: readonly Judged[]): readonly string[] {
    return [...excess('cost', sumOfCosts(judged), this.#options.maxCost)];
  }

  #measure(document: ReadDocument, { variables = {} }: GraphqlMessage): readonly Measure[] {
    return measureDocument(document, this.#listArguments, variables);
  }

  #findListed(message: GraphqlMessage): ListedQuery | undefined {
    return message.query === undefined ? this.#findById(message) : this.#findByText(message, message.query);
  }

  #findById({ id }: GraphqlMessage): ListedQuery {
    if (id === undefined) throw new QueryFault('it has no query');
    const listed = this.listed.get(id) ?? this.listed.get(id.toLowerCase());
    if (listed !== undefined) return listed;
    // Apollo's clients send the document itself when they are told this word.
    const known = this.#options.onlyListed ? undefined : 'PersistedQueryNotFound';
    throw new QueryFault('no query of this ID is known here', known);
  }

  #findByText({ hash }: GraphqlMessage, query: string): ListedQuery | undefined {
    if (hash === undefined && this.listed.size === 0) return undefined;
    const ofText = sha256(query);
    if (hash !== undefined && hash !== ofText) throw new QueryFault('its hash is that of another query');
    const listed = this.listed.get(ofText);
    if (listed === undefined && this.#options.onlyListed)
      throw new QueryFault('it is not one of the queries that this route takes');
    return listed;
  }

  /** Documents of the list are the operator's own; how long their lists get, a client says with its variables. */
  *#excessOf(measure: Measure, isListed: boolean): Generator<string> {
    if (isListed) return;
    const { maxDepth, maxAliases, maxRootFields, maxDirectives, introspection } = this.#options;
    yield* excess('depth', measure.depth, maxDepth);
    yield* excess('aliases', measure.aliases, maxAliases);
    yield* excess('root fields', measure.width, maxRootFields);
    yield* excess('directives', measure.directives, maxDirectives);
    if (measure.introspectionDepth === 0) return;
    if (introspection) yield* excess('depth of introspection', measure.introspectionDepth, MAX_INTROSPECTION_DEPTH);
    else yield 'introspection, which is off here';
  }
}

/** What all of a request costs together; of a document with several operations the dearest counts. */
export function sumOfCosts(judged: readonly Judged[]): number {
  return judged.reduce((sum, { cost }) => sum + cost, 0);
}

function* excess(what: string, found: number, most: number): Generator<string> {
  if (found <= most) return;
  yield `${what} ${found > MAX_SHOWN ? `over ${MAX_SHOWN}` : found}, at most ${most}`;
}

/** The operation that a service will run (GraphQL, section 6.1). */
function select(operations: readonly OperationDefinitionNode[], name: string | undefined): OperationDefinitionNode {
  const [first, ...others] = operations;
  if (name === undefined && first !== undefined && others.length === 0) return first;
  const found = operations.find((operation) => operation.name?.value === name && name !== undefined);
  if (found !== undefined) return found;
  throw new QueryFault(name === undefined ? 'several operations, and no operationName' : 'no operation of that name');
}
