import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChoosingSink } from '../../../src/answer/choosing-sink.ts';
import type { RequestContext, Sink } from '../../../src/context.ts';
import type { Answerer, AnswerFields } from '../../../src/sink.ts';

const CONTEXT = {} as RequestContext;
const SOURCE = { resume: () => undefined };

function listen(name: string, heard: string[]): Sink {
  return {
    head: (_context, status) => void heard.push(`${name} head ${status}`),
    write: () => heard.push(`${name} write`) > 0,
    end: () => void heard.push(`${name} end`),
    fail: () => void heard.push(`${name} fail`),
  };
}

/** Refuses 500, and sends 201 through another sink. */
class Choosing extends ChoosingSink {
  readonly #through: Sink;

  constructor(next: Sink, through: Sink) {
    super(next);
    this.#through = through;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    if (status === 500) this.refuse(context, new Error('no'));
    else (status === 201 ? this.goThrough(this.#through) : this.behind).head(context, status, fields, answerer);
  }
}

function answer(status: number): readonly string[] {
  const heard: string[] = [];
  const sink = new Choosing(listen('behind', heard), listen('through', heard));
  sink.head(CONTEXT, status, {}, 'service');
  sink.write(CONTEXT, Buffer.from('x'), SOURCE);
  sink.end(CONTEXT, undefined);
  return heard;
}

test('an answer goes on as it is, or through the sink that was chosen for it', () => {
  assert.deepEqual(answer(200), ['behind head 200', 'behind write', 'behind end']);
  assert.deepEqual(answer(201), ['through head 201', 'through write', 'through end']);
});

test('of a refused answer nothing more goes on, and its failure is told once', () => {
  assert.deepEqual(answer(500), ['behind fail']);
});
