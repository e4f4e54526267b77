/** Why a query can't be looked at, or is not taken. Its message says nothing of what is in the query. */
export class QueryFault extends Error {
  /** What GraphQL's own clients know it by, where they act on it. */
  readonly known: string | undefined;

  constructor(message: string, known?: string) {
    super(message);
    this.known = known;
  }
}
