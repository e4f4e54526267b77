const NO_TEXTS: ReadonlyMap<string, string> = new Map();

/** Who calls; the name is empty where nobody is known. */
export class ConsumerFacts {
  readonly name: string;
  readonly plan: string;
  readonly metadata: ReadonlyMap<string, string>;

  constructor(name: string, plan: string, metadata: ReadonlyMap<string, string> = NO_TEXTS) {
    this.name = name;
    this.plan = plan;
    this.metadata = metadata;
  }
}
