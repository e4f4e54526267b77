import { createHmac, randomBytes } from 'node:crypto';
import type { RequestContext } from '../../context.ts';
import { FairQueue } from '../../lib/fair-queue.ts';
import { networkKey } from '../../lib/network-key.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { Kind } from '../../pool.ts';
import { identifyConsumer } from '../consumer-identity.ts';
import type { ConsumerRow } from '../consumers.ts';
import { type Identity, type Outcome, Refusal } from '../identity.ts';
import { type PasswordHash, parsePasswordHash, verifyPassword } from '../password.ts';
import { defineScheme } from '../scheme.ts';

/** Each check takes a thread and 16 MiB for tens of milliseconds: more at once would starve files and DNS of threads. */
const MAX_CHECKING = 2;
const MAX_CHARS = 1024;
const REMEMBERED = 1000;
const REMEMBERED_SENDERS = 10_000;

const WRONG = new Refusal('the user name or the password is wrong');
const MALFORMED = new Refusal('the user name and password are malformed');
const BUSY = new Refusal('too many passwords are being checked', { code: 'auth_unavailable' });

interface Account {
  /** The hash as it is written. */
  readonly stored: string;
  readonly password: PasswordHash;
  readonly identity: Identity;
}

/** What outlives a reload: the places, and which user name and password were right. */
class PasswordChecks {
  readonly places = new FairQueue({ atOnce: MAX_CHECKING });
  /** The user, and the hash that the password fitted. */
  readonly right = new RecentMap<string, { readonly user: string; readonly stored: string }>(REMEMBERED);
  /** From which networks which users have sent a right one, and no wrong one since. */
  readonly #senders = new RecentMap<string, true>(REMEMBERED_SENDERS);
  readonly #secret = randomBytes(32);

  /** Names what is remembered, so that no password stays in memory. */
  keyOf(encoded: string): string {
    return createHmac('sha256', this.#secret).update(encoded).digest('base64');
  }

  prove(network: string, user: string): void {
    this.#senders.set(`${network} ${user}`, true);
  }

  /** Whether the user goes ahead; once for each right password, so that no more than one guess gains by it. */
  takeProof(network: string, user: string): boolean {
    const sender = `${network} ${user}`;
    const isProven = this.#senders.get(sender) === true;
    if (isProven) this.#senders.delete(sender);
    return isProven;
  }
}

const passwordsKind: Kind<PasswordChecks> = { name: 'passwords', close() {} };

/** Checks user names and passwords (RFC 7617) of one snapshot: the user name is the consumer's. */
class Passwords {
  readonly #accounts = new Map<string, Account>();
  readonly #checks: PasswordChecks;

  constructor(consumers: readonly ConsumerRow[], checks: PasswordChecks) {
    this.#checks = checks;
    for (const row of consumers) {
      const { name, password } = row;
      if (password === undefined) continue;
      const identity = identifyConsumer('basic', row);
      this.#accounts.set(name, { stored: password, password: parsePasswordHash(password), identity });
    }
  }

  get size(): number {
    return this.#accounts.size;
  }

  /** The consumer behind the text after `Basic `. Sync when it was accepted before. */
  check(encoded: string, context: RequestContext, nowMs: number): Outcome | Promise<Outcome> {
    if (encoded.length > MAX_CHARS) return MALFORMED;
    const key = this.#checks.keyOf(encoded);
    const known = this.#recall(key);
    if (known !== undefined) return known;
    const text = Buffer.from(encoded, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon === -1) return MALFORMED;
    return this.#checkAnew(key, text.slice(0, colon), text.slice(colon + 1), context, nowMs);
  }

  /** The consumer whose password was right before, and has not been changed since. */
  #recall(key: string): Identity | undefined {
    const known = this.#checks.right.get(key);
    const account = known && this.#accounts.get(known.user);
    return account?.stored === known?.stored ? account?.identity : undefined;
  }

  async #checkAnew(
    key: string,
    user: string,
    password: string,
    context: RequestContext,
    nowMs: number,
  ): Promise<Outcome> {
    const checks = this.#checks;
    const { places, right } = checks;
    const account = this.#accounts.get(user);
    // An unknown user takes as long as a wrong password, so that names can't be told by the clock.
    const measured = account ?? this.#accounts.values().next().value;
    if (measured === undefined) return WRONG;
    const caller = networkKey(context.clientAddress);
    if (!(await places.enter(caller, checks.takeProof(caller, user), nowMs))) return BUSY;
    try {
      // A client that has left while it waited gets no answer: its place is the next one's.
      if (context.res.destroyed) return BUSY;
      // The same may have been checked meanwhile, as when a page loads its parts at once.
      const known = this.#recall(key);
      if (known !== undefined) return known;
      const isRight = await verifyPassword(password, measured.password);
      if (isRight && account !== undefined) {
        right.set(key, { user, stored: account.stored });
        checks.prove(caller, user);
        return account.identity;
      }
      places.blame(caller, nowMs);
      return WRONG;
    } finally {
      places.leave();
    }
  }
}

const BASIC = /^basic +/i;

/** User name and password in `Authorization: Basic`, for operators' routes. */
export const basicScheme = defineScheme({
  name: 'basic',
  bare: {},
  challenge: 'Basic realm="turnpike", charset="UTF-8"',
  credentialFields: () => ['authorization'],
  isPossible: ({ consumers }) => consumers.some(({ password }) => password !== undefined),
  prepare: ({ consumers }, { lease }) =>
    new Passwords(
      consumers,
      lease.use(passwordsKind, '', () => new PasswordChecks()),
    ),

  create(_options, passwords) {
    return {
      authorizationWord: 'basic',
      isConfigured: passwords.size > 0,
      check(context: RequestContext, nowMs: number) {
        const field = context.req.headers.authorization;
        const start = field === undefined ? null : BASIC.exec(field);
        return start === null ? undefined : passwords.check((field as string).slice(start[0].length), context, nowMs);
      },
    };
  },
});
