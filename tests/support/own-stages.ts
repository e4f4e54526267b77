import type { StageList } from '../../src/config/routes.ts';
import { contextOf, type RequestContext, type Sink } from '../../src/context.ts';
import type { InProcess } from '../../src/deps.ts';
import type { Answerer, AnswerFields, Source } from '../../src/sink.ts';
import { defineStage, type Stage, type StageDeps } from '../../src/stage.ts';
import { STAGES } from '../../src/stages.ts';

type Work = (context: RequestContext, next: (error?: unknown) => void, deps: StageDeps) => void;

/** A stage of a test's own on every route. */
export function stageOf(name: string, work: Work): Stage {
  return defineStage({
    name,
    create(_options, route, deps) {
      if (!route.matched) return undefined;
      return (req, _res, next) => work(contextOf(req), next, deps);
    },
  }) as unknown as Stage;
}

/** The product's pipeline with stages of a test's own right before one of its stages. */
export function pipelineWith(before: (typeof STAGES)[number]['name'], ...own: readonly Stage[]): StageList {
  const list = STAGES as unknown as StageList;
  const at = list.findIndex(({ name }) => name === before);
  return [...list.slice(0, at), ...own, ...list.slice(at)];
}

/** A sink that lets everything through; a test overrides what it wants to see or change. */
export class PassingSink implements Sink {
  readonly next: Sink;

  constructor(next: Sink) {
    this.next = next;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    this.next.head(context, status, fields, answerer);
  }

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    return this.next.write(context, chunk, source);
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    this.next.end(context, last);
  }

  fail(context: RequestContext, error: unknown): void {
    this.next.fail(context, error);
  }
}

/** What came out of a request in process. */
export interface Collected {
  readonly status: number;
  readonly fields: AnswerFields;
  readonly text: string;
  readonly error: unknown;
  readonly context: RequestContext;
}

/** Sends a request in process and waits for its end. */
export function collect(inProcess: InProcess, request: Omit<Parameters<InProcess>[0], 'sink'>): Promise<Collected> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let status = 0;
    let fields: AnswerFields = {};
    const settle = (context: RequestContext, error?: unknown): void =>
      resolve({ status, fields, text: Buffer.concat(chunks).toString(), error, context });
    inProcess({
      ...request,
      sink: {
        head(_context, answered, given) {
          status = answered;
          fields = given;
        },
        write(_context, chunk) {
          chunks.push(chunk);
          return true;
        },
        end(context, last) {
          if (last !== undefined) chunks.push(last);
          settle(context);
        },
        fail: settle,
      },
    });
  });
}
