import { bodyOf } from '../../body/body-of.ts';
import type { RequestContext } from '../../context.ts';
import { GatewayError } from '../../errors.ts';
import { networkKey } from '../../lib/network-key.ts';
import type { Kind } from '../../pool.ts';

const MIB = 1024 * 1024;

interface Bounds {
  /** Of all callers together, and of one network. */
  readonly maxBytes: number;
  readonly maxBytesPerNetwork: number;
  /** How long one upload may take from its first byte to its last, and how long it may stand still. */
  readonly maxMs: number;
  readonly idleMs: number;
}

const USUAL: Bounds = { maxBytes: 256 * MIB, maxBytesPerNetwork: 32 * MIB, maxMs: 30_000, idleMs: 10_000 };

/** An upload of which less than this came within a second stands: a byte now and then is no progress. */
const STEP_BYTES = 16 * 1024;
const STANDS_AFTER_MS = 1000;
/** Whoever sends at once has sent all by then. */
const SLOW_AFTER_MS = 5000;

interface Upload {
  readonly network: string;
  readonly begunAtMs: number;
  bytes: number;
  /** Where it was at its last step, and when that was. */
  stepBytes: number;
  stepAtMs: number;
  readonly end: AbortController;
}

export const unprovenKind: Kind<UnprovenUploads> = { name: 'unproven-uploads', close() {} };

/**
 * Bodies that have to be read before it is known who sends them. Anybody can begin one, so what they hold is bounded far
 * below what proven callers may have. Where there is no room an upload ends (503 `overloaded`): the one that has stood for
 * longest, whatever its size; where none stands, the first of those that take long; and where all are young, the first of
 * the network that holds most. So whoever lets uploads stand loses them, and whoever sends at once gets through.
 */
export class UnprovenUploads {
  readonly #bounds: Bounds;
  readonly #now: () => number;
  /** Those that hold anything: the first begun first. */
  readonly #begun = new Set<Upload>();
  /** The same, and those of each network: the one whose last step was longest ago first. */
  readonly #stepped = new Set<Upload>();
  readonly #byNetwork = new Map<string, Set<Upload>>();
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;

  constructor(bounds: Partial<Bounds> = {}, now = () => performance.now()) {
    this.#bounds = { ...USUAL, ...bounds };
    this.#now = now;
  }

  /** What is held at the moment. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The whole body as it was sent, its Content-Encoding included; empty where there is none. Rejects as
   * `RequestBody.whole` does, also of what is larger than any of them may be (413), and with `request_timeout` (408) where
   * it takes too long.
   */
  async read(context: RequestContext): Promise<Buffer> {
    const body = bodyOf(context);
    if (body === undefined) return Buffer.alloc(0);
    const { maxMs, idleMs, maxBytesPerNetwork } = this.#bounds;
    if (Number(context.req.headers['content-length'] ?? 0) > maxBytesPerNetwork) throw tooLarge(maxBytesPerNetwork);
    const upload = this.#create(networkKey(context.clientAddress));
    const timer = setTimeout(() => upload.end.abort(new GatewayError('request_timeout')), maxMs);
    try {
      const watch = { idleMs, signal: upload.end.signal, onBytes: (bytes: number) => this.#count(upload, bytes) };
      return await body.whole(watch);
    } finally {
      clearTimeout(timer);
      this.#end(upload);
    }
  }

  #create(network: string): Upload {
    const nowMs = this.#now();
    return { network, begunAtMs: nowMs, bytes: 0, stepBytes: 0, stepAtMs: nowMs, end: new AbortController() };
  }

  #count(upload: Upload, bytes: number): void {
    if (upload.end.signal.aborted) return;
    const { maxBytes, maxBytesPerNetwork } = this.#bounds;
    const { network } = upload;
    if (upload.bytes === 0) this.#begin(upload);
    upload.bytes += bytes;
    this.#add(network, bytes);
    if (upload.bytes > maxBytesPerNetwork) {
      this.#end(upload);
      upload.end.abort(tooLarge(maxBytesPerNetwork));
      return;
    }
    if (upload.bytes - upload.stepBytes >= STEP_BYTES) this.#step(upload);
    const isFull = (): boolean => (this.#bytesOf.get(network) ?? 0) > maxBytesPerNetwork;
    while (isFull() && this.#evict(firstOf(this.#byNetwork.get(network))));
    while (this.#bytes > maxBytes && this.#evict(this.#leastWorthy()));
  }

  #begin(upload: Upload): void {
    this.#begun.add(upload);
    this.#stepped.add(upload);
    const siblings = this.#byNetwork.get(upload.network);
    if (siblings === undefined) this.#byNetwork.set(upload.network, new Set([upload]));
    else siblings.add(upload);
  }

  /** It gets on: it is the last in each line again. */
  #step(upload: Upload): void {
    upload.stepBytes = upload.bytes;
    upload.stepAtMs = this.#now();
    for (const line of [this.#stepped, this.#byNetwork.get(upload.network)]) {
      line?.delete(upload);
      line?.add(upload);
    }
  }

  #leastWorthy(): Upload | undefined {
    const nowMs = this.#now();
    const standing = firstOf(this.#stepped);
    if (standing !== undefined && nowMs - standing.stepAtMs >= STANDS_AFTER_MS) return standing;
    const slow = firstOf(this.#begun);
    if (slow !== undefined && nowMs - slow.begunAtMs >= SLOW_AFTER_MS) return slow;
    return firstOf(this.#byNetwork.get(this.#largest()));
  }

  #add(network: string, bytes: number): void {
    this.#bytes += bytes;
    const own = (this.#bytesOf.get(network) ?? 0) + bytes;
    if (own > 0) this.#bytesOf.set(network, own);
    else this.#bytesOf.delete(network);
  }

  #largest(): string {
    let largest = '';
    let most = -1;
    for (const [network, bytes] of this.#bytesOf) if (bytes > most) [largest, most] = [network, bytes];
    return largest;
  }

  /** False where there is none. */
  #evict(upload: Upload | undefined): boolean {
    if (upload === undefined) return false;
    this.#end(upload);
    const detail = 'Too many bodies of callers who are not known yet are being read.';
    upload.end.abort(new GatewayError('overloaded', detail, { retryAfterSeconds: 1 }));
    return true;
  }

  #end(upload: Upload): void {
    const siblings = this.#byNetwork.get(upload.network);
    if (siblings?.delete(upload) !== true) return;
    if (siblings.size === 0) this.#byNetwork.delete(upload.network);
    this.#begun.delete(upload);
    this.#stepped.delete(upload);
    this.#add(upload.network, -upload.bytes);
    upload.bytes = 0;
  }
}

function firstOf(uploads: ReadonlySet<Upload> = new Set()): Upload | undefined {
  const [first] = uploads;
  return first;
}

function tooLarge(maxBytes: number): GatewayError {
  const detail = `The body is larger than ${maxBytes} bytes, and none larger is read of callers who are not known yet.`;
  return new GatewayError('body_too_large', detail);
}
