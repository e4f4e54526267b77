/** What is wrong with an expression, and where: the first character is 0. */
export class ExpressionFault extends SyntaxError {
  readonly offset: number;

  constructor(message: string, offset: number, options?: ErrorOptions) {
    super(message, options);
    this.offset = offset;
  }
}

/** What an evaluation may cost was spent: it has no value. */
export class ExpressionTooDear extends Error {}
