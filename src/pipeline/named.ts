import type { RequestHandler } from 'express';

/** By its name a stage is told of in stacks, in the log and by an explanation; a bundler gives it another one. */
export function named(handler: RequestHandler, name: string): RequestHandler {
  return handler.name === name ? handler : Object.defineProperty(handler, 'name', { value: name });
}
