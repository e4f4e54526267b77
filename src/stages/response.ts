import { z } from 'zod';
import { contextOf, type RequestContext, type Sink } from '../context.ts';
import type { Answerer, AnswerFields, Source } from '../sink.ts';
import { defineStage } from '../stage.ts';
import {
  checkHeaderEdits,
  createHeaderEdits,
  findResponseNameFault,
  type HeaderEdits,
  headerEditsOption,
} from '../transform/header-edits.ts';

const responseOption = z.strictObject({
  headers: headerEditsOption
    .optional()
    .describe('Header fields of the answer as the client sees them: remove, rename, set, add, in this order.'),
});

/** Changes what the client is told: by services, and by fixed answers. The gateway's refusals are its own. */
export const responseStage = defineStage({
  name: 'response',
  keys: { response: responseOption.optional().describe('Changes of the answer on its way to the client.') },

  check(_file, routes, report) {
    routes.forEach(({ response }, index) => {
      if (response?.headers === undefined) return;
      checkHeaderEdits(response.headers, findResponseNameFault, ['routes', index, 'response', 'headers'], report);
    });
  },

  create({ response: options }) {
    const edits = createHeaderEdits(options?.headers);
    if (edits === undefined) return undefined;

    return function response(req, _res, next) {
      const context = contextOf(req);
      context.sink = new EditingSink(edits, context.sink);
      next();
    };
  },
});

class EditingSink implements Sink {
  readonly #edits: HeaderEdits;
  readonly #next: Sink;

  constructor(edits: HeaderEdits, next: Sink) {
    this.#edits = edits;
    this.#next = next;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    this.#next.head(context, status, this.#edits.editFields(fields), answerer);
  }

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    return this.#next.write(context, chunk, source);
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    this.#next.end(context, last);
  }

  fail(context: RequestContext, error: unknown): void {
    this.#next.fail(context, error);
  }
}
