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

interface Upload {
  readonly network: string;
  bytes: number;
  readonly end: AbortController;
}

export const unprovenKind: Kind<UnprovenUploads> = { name: 'unproven-uploads', close() {} };

/**
 * Bodies that have to be read before it is known who sends them. Anybody can begin one, so what they hold is bounded far
 * below what proven callers may have. Where there is no room, the upload ends (503 `overloaded`) that has taken longest,
 * of the network that holds most: so whoever lets uploads stand loses them, and whoever sends at once gets through.
 */
export class UnprovenUploads {
  readonly #bounds: Bounds;
  /** The longest under way first. */
  readonly #byNetwork = new Map<string, Set<Upload>>();
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;

  constructor(bounds: Partial<Bounds> = {}) {
    this.#bounds = { ...USUAL, ...bounds };
  }

  /** What is held at the moment. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The whole body as it was sent, its Content-Encoding included; empty where there is none. Rejects as
   * `RequestBody.whole` does, and with `request_timeout` (408) where it takes too long.
   */
  async read(context: RequestContext): Promise<Buffer> {
    const body = bodyOf(context);
    if (body === undefined) return Buffer.alloc(0);
    const { maxMs, idleMs } = this.#bounds;
    const upload: Upload = { network: networkKey(context.clientAddress), bytes: 0, end: new AbortController() };
    const timer = setTimeout(() => upload.end.abort(new GatewayError('request_timeout')), maxMs);
    this.#begin(upload);
    try {
      const watch = { idleMs, signal: upload.end.signal, onBytes: (bytes: number) => this.#count(upload, bytes) };
      return await body.whole(watch);
    } finally {
      clearTimeout(timer);
      this.#end(upload);
    }
  }

  #begin(upload: Upload): void {
    const siblings = this.#byNetwork.get(upload.network);
    if (siblings === undefined) this.#byNetwork.set(upload.network, new Set([upload]));
    else siblings.add(upload);
  }

  #count(upload: Upload, bytes: number): void {
    const { maxBytes, maxBytesPerNetwork } = this.#bounds;
    upload.bytes += bytes;
    this.#add(upload.network, bytes);
    while ((this.#bytesOf.get(upload.network) ?? 0) > maxBytesPerNetwork) this.#evict(upload.network);
    while (this.#bytes > maxBytes) this.#evict(this.#largest());
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

  /** Ends the upload of a network that began first; there is one, since only uploads are counted. */
  #evict(network: string): void {
    const [first] = this.#byNetwork.get(network) ?? [];
    if (first === undefined) return;
    this.#end(first);
    const detail = 'Too many bodies of callers who are not known yet are being read.';
    first.end.abort(new GatewayError('overloaded', detail, { retryAfterSeconds: 1 }));
  }

  #end(upload: Upload): void {
    const siblings = this.#byNetwork.get(upload.network);
    if (siblings?.delete(upload) !== true) return;
    if (siblings.size === 0) this.#byNetwork.delete(upload.network);
    this.#add(upload.network, -upload.bytes);
    upload.bytes = 0;
  }
}
