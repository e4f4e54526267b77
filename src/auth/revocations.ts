import { qualify } from '../lib/qualify.ts';
import type { Kind } from '../pool.ts';
import { SharedTimes, type SharedTimesOptions } from '../redis/shared-times.ts';
import type { IssuerName } from './issuer-names.ts';

export const revocationsKind: Kind<Revocations> = { name: 'revocations', close: (list) => list.close() };

/**
 * Tokens that were taken back before they expire, by issuer and `jti` (RFC 7519, section 4.1.7); shared through Redis
 * where there is one. At most 100,000, each until its token would expire anyway.
 */
export class Revocations {
  readonly #times: SharedTimes;

  constructor(options: Omit<SharedTimesOptions, 'name'>) {
    this.#times = new SharedTimes({ ...options, name: 'revoked' });
  }

  /** Number of revoked tokens that are remembered. */
  get size(): number {
    return this.#times.size;
  }

  /** True for a token that was revoked, by its id with its issuer (`qualify`); costs next to nothing while the list is empty. */
  has(key: string | undefined): boolean {
    return this.#times.size > 0 && key !== undefined && this.#times.untilMs(key) > 0;
  }

  /**
   * Takes a token back, here at once and on the other gateways within a moment. `untilMs` is when the token expires
   * (epoch milliseconds), `issuer` whose it is, as an id is unique for its issuer alone. False when the list is full or
   * the id is none.
   */
  revoke(jti: string, untilMs: number, issuer?: IssuerName): boolean {
    return jti !== '' && this.#times.add(qualify(issuer, jti), untilMs);
  }

  /** Reads what the other gateways have revoked; resolves also when Redis does not answer. */
  load(): Promise<void> {
    return this.#times.load();
  }

  close(): void {
    this.#times.close();
  }
}
