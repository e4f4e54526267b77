import { createHmac, randomBytes } from 'node:crypto';
import type { RequestContext } from '../../context.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { ConsumerRow } from '../consumers.ts';
import { createIdentity, type Identity, type Outcome, Refusal } from '../identity.ts';
import { type PasswordHash, parsePasswordHash, verifyPassword } from '../password.ts';
import { defineScheme } from '../scheme.ts';

/** Each check takes a thread and 16 MiB for tens of milliseconds: more at once would starve files and DNS of threads. */
const MAX_CHECKING = 2;
const MAX_WAITING = 32;
const MAX_CHARS = 1024;
const REMEMBERED = 1000;

const WRONG = new Refusal('the user name or the password is wrong');
const MALFORMED = new Refusal('the user name and password are malformed');
const BUSY = new Refusal('too many passwords are being checked', { code: 'auth_unavailable' });

interface Account {
  readonly password: PasswordHash;
  readonly identity: Identity;
}

/** Checks user names and passwords (RFC 7617) of one snapshot: the user name is the consumer's. */
class Passwords {
  readonly #accounts = new Map<string, Account>();
  readonly #remembered = new RecentMap<string, Identity>(REMEMBERED);
  /** Names what is remembered, so that no password stays in memory. */
  readonly #secret = randomBytes(32);
  readonly #waiting: (() => void)[] = [];
  #checking = 0;

  constructor(consumers: readonly ConsumerRow[]) {
    for (const { name, plan, roles, password } of consumers) {
      if (password === undefined) continue;
      const identity = createIdentity('basic', { consumer: { name, plan, roles }, plan, roles });
      this.#accounts.set(name, { password: parsePasswordHash(password), identity });
    }
  }

  get size(): number {
    return this.#accounts.size;
  }

  /** The consumer behind the text after `Basic `. Sync when it was accepted before. */
  check(encoded: string): Outcome | Promise<Outcome> {
    if (encoded.length > MAX_CHARS) return MALFORMED;
    const key = createHmac('sha256', this.#secret).update(encoded).digest('base64');
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const text = Buffer.from(encoded, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon === -1) return MALFORMED;
    if (this.#waiting.length >= MAX_WAITING) return BUSY;
    return this.#checkAnew(key, text.slice(0, colon), text.slice(colon + 1));
  }

  async #checkAnew(key: string, user: string, password: string): Promise<Outcome> {
    const account = this.#accounts.get(user);
    // An unknown user takes as long as a wrong password, so that names can't be told by the clock.
    const measured = account ?? this.#accounts.values().next().value;
    if (measured === undefined) return WRONG;
    await this.#takeTurn();
    try {
      const isRight = await verifyPassword(password, measured.password);
      if (!isRight || account === undefined) return WRONG;
      this.#remembered.set(key, account.identity);
      return account.identity;
    } finally {
      this.#checking -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #takeTurn(): Promise<void> {
    if (this.#checking >= MAX_CHECKING) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#checking += 1;
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
  prepare: ({ consumers }) => new Passwords(consumers),

  create(_options, passwords) {
    return {
      authorizationWord: 'basic',
      isConfigured: passwords.size > 0,
      check(context: RequestContext) {
        const field = context.req.headers.authorization;
        const start = field === undefined ? null : BASIC.exec(field);
        return start === null ? undefined : passwords.check((field as string).slice(start[0].length));
      },
    };
  },
});
