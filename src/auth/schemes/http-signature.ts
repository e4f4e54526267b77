import { hash } from 'node:crypto';
import { z } from 'zod';
import { bodyOf } from '../../body/body-of.ts';
import { turnFor } from '../../body/heavy.ts';
import type { RequestContext } from '../../context.ts';
import type { Clock } from '../../lib/clock.ts';
import { hasBody } from '../../lib/has-body.ts';
import { redactText } from '../../lib/redact.ts';
import { duration } from '../../schema-values.ts';
import type { Report } from '../../stage.ts';
import { identifyConsumer } from '../consumer-identity.ts';
import type { ConsumerRow } from '../consumers.ts';
import { type Identity, type Outcome, Refusal } from '../identity.ts';
import { defineScheme } from '../scheme.ts';
import { valuesOf } from '../signed/as-sent.ts';
import { baseOf } from '../signed/component.ts';
import { findDigestFault } from '../signed/content-digest.ts';
import { acceptSignature, coversDigest, findUncovered, requiredComponents } from '../signed/coverage.ts';
import { AGAIN, passOnce, SLACK_MS } from '../signed/once.ts';
import { Seen, seenKind } from '../signed/seen.ts';
import { parseSignatureKey, type SigningKey } from '../signed/signature-key.ts';
import { readSignedMessage, type SignedMessage } from '../signed/signed-message.ts';
import { isSignedBy } from '../signed/verify-base.ts';
import { endOfWindow } from '../signed/webhook-claim.ts';

const options = z.strictObject({
  components: requiredComponents
    .default(['@method', '@target-uri', 'content-digest'])
    .describe(
      'What every signature has to cover; content-digest counts where there is a body. Default @method, @target-uri (or @authority, @path and @query), content-digest.',
    ),
  tolerance: duration({ min: '1s', max: '1h' })
    .prefault('5m')
    .describe('How far `created` may be from now. Default 5m.'),
  nonce: z
    .enum(['optional', 'required'])
    .default('optional')
    .describe('Whether a signature must have a nonce. One that has a nonce passes once in any case. Default optional.'),
  tag: z
    .string()
    .regex(/^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,64}$/, 'expected visible ASCII without quotes, at most 64 characters')
    .optional()
    .describe('The `tag` that a signature must have: what it is made for.'),
  withoutRedis: z
    .enum(['local', 'refuse'])
    .default('local')
    .describe(
      'While Redis does not answer: each gateway knows the nonces that it had itself (local, the default), or none passes (503).',
    ),
});

type Options = z.output<typeof options>;

interface OwnedKey extends SigningKey {
  readonly identity: Identity;
  readonly expiresAtMs: number | undefined;
}

interface Shared {
  readonly keys: ReadonlyMap<string, OwnedKey>;
  readonly seen: Seen;
  readonly clock: Clock;
}

/** So much of what should have been signed is told. */
const SHOWN_CHARS = 1000;
const EXPIRED_KEY = new Refusal('the key of the signature has expired', { kind: 'expired_key' });
const WRONG_ALGORITHM = new Refusal('the signature names another algorithm than its key is for');
const NO_CREATED = new Refusal('the signature does not say when it was created');
const EXPIRED = new Refusal('the signature has expired');
const NO_NONCE = new Refusal('the signature has no nonce');

/**
 * Requests that a partner has signed (RFC 9421). Everything but the digest of the body is checked before a byte of that
 * is read, so that nobody who has no key can make the gateway read one.
 *
 * The algorithm is the key's, whatever the message says. What was signed is what was sent: before the path is
 * normalised, with host and scheme as the client sees them.
 */
export const httpSignatureScheme = defineScheme({
  name: 'http-signature',
  options,
  bare: options.parse({}),
  challenge: 'Signature realm="turnpike"',
  passesOnce: true,
  provesWholeRequest: true,
  credentialFields: () => ['signature', 'signature-input'],
  isPossible: ({ consumers }) => consumers.some(({ signatureKeys = [] }) => signatureKeys.length > 0),
  check: ({ consumers }, report) => checkKeys(consumers, report),
  prepare: ({ consumers }, { lease, clock, redis, log }): Shared => ({
    keys: gatherKeys(consumers),
    seen: lease.use(seenKind, '', () => new Seen(clock, redis, log)),
    clock,
  }),

  create(chosen, shared) {
    const { keys } = shared;
    const { tag, components } = chosen;
    const wanted = { tag, isKnown: (keyid: string) => keys.has(keyid) };
    const prove = createProof(chosen, shared);
    return {
      authorizationWord: undefined,
      isConfigured: keys.size > 0,
      asks: ({ req }) => ['Accept-Signature', acceptSignature(components, tag, hasBody(req))],
      check(context, nowMs) {
        const message = readSignedMessage(context, wanted);
        return message === undefined || message instanceof Refusal ? message : prove(context, message, nowMs);
      },
    };
  },
});

function checkKeys(consumers: readonly ConsumerRow[], report: Report): void {
  const owners = new Map<string, string>();
  for (const [row, { name, signatureKeys = [] }] of consumers.entries()) {
    for (const [index, key] of signatureKeys.entries()) {
      const place = ['consumers', row, 'signatureKeys', index];
      const owner = owners.get(key.id);
      if (owner !== undefined)
        report([...place, 'id'], `the key id "${key.id}" belongs to consumer "${owner}" already`);
      owners.set(key.id, name);
      try {
        parseSignatureKey(key);
      } catch (error) {
        report(place, `the key "${key.id}" ${(error as Error).message}`);
      }
    }
  }
}

function gatherKeys(consumers: readonly ConsumerRow[]): ReadonlyMap<string, OwnedKey> {
  const keys = new Map<string, OwnedKey>();
  for (const consumer of consumers) {
    for (const row of consumer.signatureKeys ?? []) {
      const expiresAtMs = row.expiresAt === undefined ? undefined : Date.parse(row.expiresAt);
      const identity = identifyConsumer('http-signature', consumer, undefined, expiresAtMs);
      keys.set(row.id, { ...parseSignatureKey(row), identity, expiresAtMs });
    }
  }
  return keys;
}

function createProof(chosen: Options, { keys, seen, clock }: Shared) {
  const { tolerance, withoutRedis } = chosen;

  async function proveBody(context: RequestContext, message: SignedMessage, key: OwnedKey): Promise<Outcome> {
    const fault = await findBodyFault(context, message.components);
    if (fault !== undefined) return fault;
    const { createdAtMs = 0 } = message;
    const endsAtMs = endOfWindow(createdAtMs, tolerance + SLACK_MS / 2, clock.now(), 'the time of the signature');
    // While the body came its time has run out.
    if (endsAtMs instanceof Refusal) return endsAtMs;
    const named = nameOf(message, key);
    if (named === undefined || context.dryRun) return key.identity;
    return passOnce(seen, { ...named, untilMs: endsAtMs + SLACK_MS, withoutRedis }, key.identity);
  }

  return function prove(context: RequestContext, message: SignedMessage, nowMs: number): Outcome | Promise<Outcome> {
    const key = keys.get(message.keyid) as OwnedKey;
    const fault = findFault(context, message, key, chosen, nowMs);
    if (fault !== undefined) return fault;
    const base = baseOf(context, message.components, message.parametersText);
    if (base instanceof Refusal) return base;
    if (!isSignedBy(key, base, message.signature)) return wrong(base);
    const named = nameOf(message, key);
    // A copy of what has passed makes nobody read a body.
    if (named !== undefined && seen.has(named.owner, named.name)) return AGAIN;
    const needsMore = named !== undefined || coversDigest(message.components);
    return needsMore ? proveBody(context, message, key) : key.identity;
  };
}

/** What was verified is told in the log, where whoever has signed something else can see the difference. */
function wrong(base: string | Buffer): Refusal {
  const forLog = `what it should sign is ${JSON.stringify(redactText(String(base)).slice(0, SHOWN_CHARS))}`;
  return new Refusal('the signature does not fit the request', { forLog });
}

/** Under which name a signature with a nonce passes once. */
function nameOf({ nonce }: SignedMessage, { id, identity }: OwnedKey): { owner: string; name: string } | undefined {
  if (nonce === undefined) return undefined;
  return { owner: identity.consumer?.name ?? '', name: hash('sha256', JSON.stringify([id, nonce]), 'base64url') };
}

async function findBodyFault(
  context: RequestContext,
  components: SignedMessage['components'],
): Promise<Refusal | undefined> {
  if (!coversDigest(components)) return undefined;
  const body = (await bodyOf(context)?.whole()) ?? Buffer.alloc(0);
  await turnFor(context, body.length);
  return findDigestFault(valuesOf(context, 'content-digest')?.join(', ') ?? '', body);
}

/** What is wrong with a signature before anything is computed. */
function findFault(
  { req }: RequestContext,
  { alg, createdAtMs, expiresAtMs, nonce, components }: SignedMessage,
  key: OwnedKey,
  { tolerance, nonce: nonceRule, components: required }: Options,
  nowMs: number,
): Refusal | undefined {
  if (key.expiresAtMs !== undefined && key.expiresAtMs <= nowMs) return EXPIRED_KEY;
  if (alg !== undefined && alg !== key.algorithm) return WRONG_ALGORITHM;
  if (createdAtMs === undefined) return NO_CREATED;
  const end = endOfWindow(createdAtMs, tolerance, nowMs, 'the time at which the signature was created');
  if (end instanceof Refusal) return end;
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs) return EXPIRED;
  if (nonceRule === 'required' && (nonce === undefined || nonce === '')) return NO_NONCE;
  const uncovered = findUncovered(required, components, hasBody(req));
  return uncovered === undefined ? undefined : new Refusal(`the signature does not cover ${uncovered}`);
}
