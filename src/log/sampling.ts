import type { RequestContext } from '../context.ts';
import type { Settings } from '../settings.ts';
import type { AccessRecord } from './access-record.ts';

const TWO_TO_32 = 2 ** 32;

/**
 * Says whether the line of a request is written, and notes in it which share of its kind is: of requests that went well
 * (2xx, 3xx) LOG_SAMPLE_SUCCESS of them, and all others. Undefined where every line is written.
 */
export function createSampler({
  logSampleSuccess: share,
  logSlowMs,
}: Pick<Settings, 'logSampleSuccess' | 'logSlowMs'>): ((record: AccessRecord) => boolean) | undefined {
  if (share >= 1) return undefined;
  return function isWritten(record) {
    const mayBeLeftOut = wentWell(record) && record.totalMs < logSlowMs;
    if (mayBeLeftOut && drawOf(record.context.requestId) >= share) return false;
    record.sampleRate = mayBeLeftOut ? share : 1;
    return true;
  };
}

/** What nobody will look for. */
function wentWell({ status, aborted, context }: AccessRecord): boolean {
  return status >= 200 && status < 400 && aborted === undefined && !isOfNote(context);
}

/** Somebody watches it (with a debug token), or something was tried out on it. */
function isOfNote({ trace, errorCode, shadow, fault }: RequestContext): boolean {
  return trace !== undefined || errorCode !== undefined || shadow !== undefined || fault !== undefined;
}

/**
 * 0 to 1, by the request's ID (FNV-1a, 32 bits, then mixed): a whole and its parts are written together, and so are the
 * lines of gateways behind one another that keep an ID.
 */
function drawOf(requestId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < requestId.length; i += 1) hash = Math.imul(hash ^ requestId.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return ((hash ^ (hash >>> 16)) >>> 0) / TWO_TO_32;
}
