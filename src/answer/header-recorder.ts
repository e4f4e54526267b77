import type { IncomingMessage, ServerResponse } from 'node:http';

type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

/**
 * Runs a middleware that only sets header fields against a recorder, and returns what it set: names in lower case
 * and values by turns. So helmet and cors decide once, when a snapshot is compiled, and not once per request.
 */
export function recordHeaders(
  middleware: Middleware,
  request: { method?: string; headers?: Record<string, string> } = {},
): string[] {
  const fields = new Map<string, string>();
  const recorder = {
    getHeader: (name: string) => fields.get(name.toLowerCase()),
    setHeader: (name: string, value: string | readonly string[]) => {
      fields.set(name.toLowerCase(), typeof value === 'string' ? value : value.join(', '));
      return recorder;
    },
    removeHeader: (name: string) => fields.delete(name.toLowerCase()),
  };
  let failure: unknown;
  const fakeRequest = { method: request.method ?? 'GET', headers: request.headers ?? {} };
  middleware(fakeRequest as unknown as IncomingMessage, recorder as unknown as ServerResponse, (error) => {
    failure = error;
  });
  if (failure !== undefined) throw failure;
  return [...fields].flat();
}
