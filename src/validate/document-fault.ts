interface LineAndColumn {
  /** From 1, as `column` is. */
  readonly line: number;
  readonly column: number;
}

/** Something in a document of schemas is wrong: where, what, and perhaps how to mend it. */
export class DocumentFault extends Error {
  /** JSON Pointer (RFC 6901) within the document; empty for all of it. */
  readonly pointer: string;
  /** Where in the text that is, if that is known: for what is neither JSON nor YAML. */
  readonly place: LineAndColumn | undefined;
  readonly hint: string | undefined;

  constructor(pointer: string, message: string, place?: LineAndColumn, extras: ErrorOptions & { hint?: string } = {}) {
    super(message, extras);
    this.name = 'DocumentFault';
    this.pointer = pointer;
    this.place = place;
    this.hint = extras.hint;
  }
}
