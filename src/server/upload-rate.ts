import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Open } from '../pipeline/open-requests.ts';

/** Bytes a second that an upload must bring, and over how many sweeps of two seconds that is judged. */
const MIN_BYTES_PER_SECOND = 240;
const JUDGED_SWEEPS = 5;
const MIN_BYTES = MIN_BYTES_PER_SECOND * 2 * JUDGED_SWEEPS;

interface Pace {
  /** What the connection had brought when the count began. */
  readonly fromBytes: number;
  sweeps: number;
}

/**
 * Ends uploads that hardly move (408): with one byte now and then, a client would hold a place at a service for as long
 * as it likes. Only the time that the gateway waits for the client counts, never a service that is slow to take, and
 * only until the answer begins: from then on the two may be talking. Counted in sweeps, as by the watchdog.
 */
export class UploadRate {
  readonly #open: Open;
  readonly #fail: (context: RequestContext, error: GatewayError) => void;
  readonly #paces = new Map<RequestContext, Pace>();

  constructor(open: Open, fail: (context: RequestContext, error: GatewayError) => void) {
    this.#open = open;
    this.#fail = fail;
  }

  /** Called every two seconds. */
  sweep(): void {
    for (const context of this.#open) {
      if (!context.req.complete && isAwaited(context)) this.#judge(context);
      else this.#paces.delete(context);
    }
    for (const context of this.#paces.keys()) {
      if (!this.#open.has(context)) this.#paces.delete(context);
    }
  }

  #judge(context: RequestContext): void {
    const { bytesRead } = context.req.socket;
    const pace = this.#paces.get(context);
    if (pace === undefined) {
      this.#paces.set(context, { fromBytes: bytesRead, sweeps: 0 });
      return;
    }
    pace.sweeps += 1;
    if (pace.sweeps < JUDGED_SWEEPS) return;
    this.#paces.delete(context);
    if (bytesRead - pace.fromBytes < MIN_BYTES) {
      const detail = `The request body came at less than ${MIN_BYTES_PER_SECOND} bytes a second.`;
      this.#fail(context, new GatewayError('request_timeout', detail));
    } else {
      this.#paces.set(context, { fromBytes: bytesRead, sweeps: 0 });
    }
  }
}

/** True while somebody reads the upload and has read all that came. */
function isAwaited({ req, res, upgradedAtMs }: RequestContext): boolean {
  if (upgradedAtMs !== 0 || res.headersSent || req.readableLength > 0) return false;
  return req.readableFlowing === true || req.listenerCount('readable') > 0;
}
