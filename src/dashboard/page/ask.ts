/** Why the gateway did not do what it was asked: its own words, or that it does not answer. */
export class AskError extends Error {
  /** Of the answer; 0 where there was none. */
  readonly status: number;
  /** The answer's body, where it was JSON. */
  readonly body: unknown;

  constructor(status: number, message: string, body?: unknown) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

export interface AskOptions {
  readonly method?: 'GET' | 'POST';
  readonly body?: unknown;
  readonly timeoutMs?: number;
  /** Statuses beside 2xx whose body is an answer all the same. */
  readonly takes?: readonly number[];
}

const TOKEN = 'turnpike-admin-token';

/** Kept until the tab is closed, and for this origin alone. */
export function keepToken(token: string | undefined): void {
  if (token === undefined) sessionStorage.removeItem(TOKEN);
  else sessionStorage.setItem(TOKEN, token);
}

export const hasToken = (): boolean => sessionStorage.getItem(TOKEN) !== null;

/** Asks the admin port that the page came from. Throws an AskError with words for a person. */
export async function ask(path: string, options: AskOptions = {}): Promise<unknown> {
  const { method = 'GET', body, timeoutMs = 10_000, takes = [] } = options;
  const token = sessionStorage.getItem(TOKEN);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (token !== null) headers['authorization'] = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const answer = await send(path, {
    method,
    headers,
    signal: AbortSignal.timeout(timeoutMs),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const said = await readJson(answer);
  if (answer.ok || takes.includes(answer.status)) return said;
  throw new AskError(answer.status, wordsOf(said) ?? `The gateway answered ${answer.status}.`, said);
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === 'TimeoutError';
    throw new AskError(0, isLate ? 'The gateway did not answer in time.' : 'The gateway does not answer.');
  }
}

async function readJson(answer: Response): Promise<unknown> {
  try {
    return await answer.json();
  } catch {
    return undefined;
  }
}

function wordsOf(said: unknown): string | undefined {
  const detail = (said as { detail?: unknown } | undefined)?.detail;
  return typeof detail === 'string' ? detail : undefined;
}
