import type { Logger } from 'winston';
import { z } from 'zod';
import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { createNetworkTest, type NetworkTest } from '../lib/network-test.ts';
import type { Metrics } from '../metrics.ts';
import type { Kind } from '../pool.ts';
import { SharedTimes } from '../redis/shared-times.ts';
import { duration, network } from '../schema-values.ts';
import type { StageDeps } from '../stage.ts';
import { createLimits } from './create-limits.ts';
import type { Decision } from './decision.ts';
import { type Limits, limitsKind } from './limits.ts';
import { createSubject } from './subject.ts';
import { compileWindow, renderDuration, type Window } from './window.ts';

const rule = z.strictObject({
  after: z.int().min(2).max(1_000_000).describe('How many of them within `window` lead to a ban.'),
  window: duration({ min: '1s', max: '1d' }).prefault('10m').describe('Default 10m.'),
  for: duration({ min: '1s', max: '30d' }).prefault('15m').describe('How long the ban lasts. Default 15m.'),
});

export const bansOption = z.strictObject({
  failedCredentials: rule.optional().describe('Bans an address that sends too many wrong credentials. Default: never.'),
  refusedCalls: rule
    .optional()
    .describe('Bans the consumer, user or address that runs into its limits too often. Default: never.'),
  never: z.array(network).max(1000).default([]).describe('Addresses and networks that are never banned.'),
});

/** The key of the file that says who is banned; that of the stage addressBan. */
export const bansFileKeys = {
  bans: bansOption
    .optional()
    .describe('Bans, for a while, who sends too many wrong credentials or calls beyond its limits. Default: nobody.'),
};

/** The part of the file that says who is banned. */
export interface BansFile {
  readonly bans?: z.output<typeof bansOption> | undefined;
}

/** Who is banned until when; through all snapshots, and for all gateways of one Redis. */
export const bansKind: Kind<SharedTimes> = { name: 'bans', close: (list) => list.close() };

interface BansDeps {
  readonly list: SharedTimes;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  readonly metrics: Pick<Metrics, 'bans'>;
}

/** What the file says of bans; undefined when it says nothing. */
export function createBans({ bans: rules }: BansFile, deps: StageDeps): Bans | undefined {
  if (rules === undefined) return undefined;
  const { lease, clock, log, redis, metrics } = deps;
  const list = lease.use(bansKind, '', () => new SharedTimes({ name: 'bans', clock, log, redis }));
  const limits = lease.use(limitsKind, '', () => createLimits(deps));
  return new Bans(rules, { list, limits, clock, log, metrics });
}

const addressOf = createSubject('address');
const consumerOf = createSubject('consumer');
const userOf = createSubject('user');

/**
 * Bans that expire. What leads to one is counted as limits are: in Redis where there is one, so that an attack spread
 * over gateways is one attack. After a ban the count begins anew.
 */
export class Bans {
  readonly #deps: BansDeps;
  readonly #failures: Tripwire | undefined;
  readonly #refusals: Tripwire | undefined;
  readonly #isSpared: NetworkTest;

  constructor({ failedCredentials, refusedCalls, never }: NonNullable<BansFile['bans']>, deps: BansDeps) {
    this.#deps = deps;
    this.#failures = failedCredentials && createTripwire('failed-credentials', failedCredentials);
    this.#refusals = refusedCalls && createTripwire('refused-calls', refusedCalls);
    this.#isSpared = createNetworkTest(never);
  }

  /** Whole seconds for which the address of a request is still banned; 0 when it is not. */
  addressSeconds(context: RequestContext): number {
    if (this.#deps.list.size === 0 || this.#isSpared(context.clientAddress)) return 0;
    return this.#secondsOf(addressOf(context));
  }

  /** Whole seconds for which a caller who has said who it is is still banned; 0 when it is not. */
  callerSeconds(context: RequestContext): number {
    if (this.#deps.list.size === 0) return 0;
    const asConsumer = context.consumer === undefined ? 0 : this.#secondsOf(consumerOf(context));
    const asUser = context.subject === undefined ? 0 : this.#secondsOf(userOf(context));
    return Math.max(asConsumer, asUser);
  }

  /** Counts a wrong credential against the address that it came from. */
  countFailure(context: RequestContext): void {
    if (this.#failures !== undefined) this.#count(this.#failures, addressOf(context), context);
  }

  /** Counts a call that a limit refused, against whoever that limit counts, where that is one caller. */
  countRefusal(context: RequestContext, { window }: Decision): void {
    if (this.#refusals === undefined) return;
    const subject = window.subject(context);
    if (BANNABLE.test(subject)) this.#count(this.#refusals, subject, context);
  }

  #secondsOf(subject: string): number {
    const untilMs = this.#deps.list.untilMs(subject);
    return untilMs === 0 ? 0 : Math.ceil((untilMs - this.#deps.clock.now()) / 1000);
  }

  #count(tripwire: Tripwire, subject: string, context: RequestContext): void {
    if (context.dryRun || (subject.startsWith('a:') && this.#mustSpare(context))) return;
    const window: Window = { ...tripwire.window, subject: () => subject };
    const decided = this.#deps.limits.decide([window], context, 1, true);
    const judge = (decision: Decision | undefined): void => {
      if (decision !== undefined && (!decision.allowed || decision.remaining === 0))
        this.#ban(tripwire, subject, window);
    };
    // The request is answered meanwhile; counting never rejects, since it falls back to this process.
    if (decided instanceof Promise) void decided.then(judge);
    else judge(decided);
  }

  /**
   * An address of which nobody can say that it is the caller's is never banned: that of a trusted proxy itself, which
   * all of its clients share when it does not name them.
   */
  #mustSpare({ clientAddress, peerAddress, peerTrusted }: RequestContext): boolean {
    return this.#isSpared(clientAddress) || (peerTrusted && clientAddress === peerAddress);
  }

  #ban({ reason, forMs }: Tripwire, subject: string, window: Window): void {
    const { list, limits, clock, log, metrics } = this.#deps;
    limits.forget(window, subject);
    // Calls that were on their way when the ban came make no second one.
    if (list.untilMs(subject) > 0 || !list.add(subject, clock.now() + forMs)) return;
    metrics.bans.inc({ reason });
    log.warn(`banned ${subject} for ${renderDuration(forMs)}`, { reason, until: new Date(clock.now() + forMs) });
  }
}

/** What a stage hands to `next`: the refusal of who is banned for so many seconds more, nothing for anybody else. */
export function refusalOf(context: RequestContext, stage: string, seconds: number): GatewayError | undefined {
  if (seconds === 0) return undefined;
  context.trace?.push({ stage, decision: `banned for ${seconds} s more` });
  return new GatewayError('banned', undefined, { retryAfterSeconds: seconds });
}

/** Consumers, users and addresses. A header, a claim or "everybody" may stand for many, of whom most did nothing. */
const BANNABLE = /^[cua]:/;

interface Tripwire {
  readonly reason: 'failed-credentials' | 'refused-calls';
  readonly window: Window;
  readonly forMs: number;
}

function createTripwire(
  reason: Tripwire['reason'],
  { after, window: windowMs, for: forMs }: z.output<typeof rule>,
): Tripwire {
  const options = { limit: after, window: windowMs, by: 'address', algorithm: 'sliding', name: reason } as const;
  const window = compileWindow(options, { kind: 'gateway', name: 'bans' }, '');
  return { reason, forMs, window: { ...window, id: `ban|${reason}|${renderDuration(windowMs)}|` } };
}
