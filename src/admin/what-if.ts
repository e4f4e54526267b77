import type { IncomingMessage } from 'node:http';
import { ConfigError } from '../config/config-error.ts';
import { withoutControls } from '../lib/printable.ts';
import { type AdminAnswer, type AdminSource, ok, refusal } from './answer.ts';
import { readText } from './read-json.ts';

/** No routes file is longer. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MAX_NAME_CHARS = 256;

/**
 * `POST /what-if`: what a routes file would change for the last requests; its text is the body, `?file=` what faults
 * call it. 422 with every fault of a file that could not be loaded.
 */
export async function tryFile(
  { trial, deps }: Pick<AdminSource, 'trial' | 'deps'>,
  query: URLSearchParams,
  req: IncomingMessage,
): Promise<AdminAnswer> {
  const text = await readText(req, MAX_FILE_BYTES);
  if (typeof text !== 'string') return text;
  const name = withoutControls((query.get('file') ?? 'the file').slice(0, MAX_NAME_CHARS));
  const running = trial.run(text, name);
  if (running === undefined)
    return refusal('too_many_concurrent', { detail: 'Another file is being tried: one at a time.' });
  try {
    return ok(await running);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const faults = error.faults.map((fault) => ({ ...fault, message: deps.hidden.hide(fault.message) }));
    return { status: 422, body: { result: 'refused', faults } };
  }
}
