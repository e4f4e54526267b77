import { turnFor } from '../../body/heavy.ts';
import type { RequestContext } from '../../context.ts';
import type { Clock } from '../../lib/clock.ts';
import { identifyConsumer } from '../consumer-identity.ts';
import type { ConsumerRow } from '../consumers.ts';
import { type Identity, type Outcome, Refusal } from '../identity.ts';
import { defineScheme } from '../scheme.ts';
import { readAsSent } from '../signed/as-sent.ts';
import { createForm } from '../signed/create-form.ts';
import { AGAIN, keepIfDone, passOnce, SLACK_MS } from '../signed/once.ts';
import { checkPublicSecrets } from '../signed/public-secrets.ts';
import { Seen, seenKind } from '../signed/seen.ts';
import { hashOf, type SignedPart } from '../signed/sliced.ts';
import { UnprovenUploads, unprovenKind } from '../signed/unproven-uploads.ts';
import { readClaim, type WebhookClaim } from '../signed/webhook-claim.ts';
import type { SignedPiece, WebhookForm } from '../signed/webhook-form.ts';
import { parseWebhookSecret, type WebhookKey } from '../signed/webhook-key.ts';
import { type WebhookOptions, webhookOptions } from '../signed/webhook-options.ts';
import { findSigner } from '../signed/webhook-signer.ts';

const DEFAULT_REPLAY_MS = 3_600_000;

const WRONG = new Refusal('the signature does not fit the body');
const TOO_LATE = new Refusal('the body took so long that the time of its signature is over');

/** What every route with webhooks is made from. */
interface Shared {
  readonly consumers: readonly ConsumerRow[];
  readonly seen: Seen;
  readonly uploads: UnprovenUploads;
  readonly clock: Clock;
}

/** A secret, and whose it is. */
interface OwnedKey extends WebhookKey {
  readonly identity: Identity;
}

/**
 * Webhooks: what a provider sends of its own accord, with a signature over the body as it was sent, mostly over the time
 * too. What can be told from the fields is looked at before a byte of the body is read.
 *
 * A message passes once, by what is signed and not by how: another signature over the same is the same message.
 */
export const webhookScheme = defineScheme({
  name: 'webhook',
  options: webhookOptions,
  challenge: 'Webhook realm="turnpike"',
  mayRepeat: true,
  passesOnce: true,
  provesWholeRequest: true,
  credentialFields(options) {
    const { header, alsoCredentials } = createForm(options);
    return [header, ...alsoCredentials];
  },

  findFault(options, { consumers }) {
    const form = createForm(options);
    for (const name of options.consumers) {
      const consumer = consumers.find((row) => row.name === name);
      const hint = `give it "webhookSecrets": ["\${ENV:WEBHOOK_SECRET}"]`;
      if (consumer === undefined) return { message: `there is no consumer "${name}"`, hint: `add it, and ${hint}` };
      const { webhookSecrets = [] } = consumer;
      if (webhookSecrets.length === 0) return { message: `consumer "${name}" has no secret for webhooks`, hint };
      const fault = webhookSecrets.map((secret) => findSecretFault(secret, form)).find((each) => each !== undefined);
      if (fault !== undefined) return { message: `a webhook secret of consumer "${name}": ${fault}`, hint };
    }
    return undefined;
  },

  check: ({ consumers }, report, uses) => checkPublicSecrets(consumers, uses, report),

  prepare: ({ consumers }, { lease, clock, redis, log }): Shared => ({
    consumers,
    seen: lease.use(seenKind, '', () => new Seen(clock, redis, log)),
    uploads: lease.use(unprovenKind, '', () => new UnprovenUploads()),
    clock,
  }),

  create(options, shared) {
    const form = createForm(options);
    const keys = gatherKeys(options, form, shared.consumers);
    const prove = createProof(options, form, keys, shared);
    return {
      authorizationWord: form.header === 'authorization' ? form.word : undefined,
      isConfigured: keys.length > 0,
      check(context, nowMs) {
        const claim = readClaim(context, form, nowMs);
        return claim === undefined || claim instanceof Refusal ? claim : prove(context, claim);
      },
    };
  },
});

function findSecretFault(secret: string, { coding }: WebhookForm): string | undefined {
  try {
    parseWebhookSecret(secret, coding);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function gatherKeys(
  { consumers: names }: WebhookOptions,
  { coding }: WebhookForm,
  rows: readonly ConsumerRow[],
): OwnedKey[] {
  return names.flatMap((name) => {
    const row = rows.find((one) => one.name === name);
    if (row === undefined) return [];
    const { webhookSecrets = [] } = row;
    const identity = identifyConsumer('webhook', row);
    return webhookSecrets.map((secret) => ({ ...parseWebhookSecret(secret, coding), identity }));
  });
}

function createProof(options: WebhookOptions, form: WebhookForm, keys: readonly OwnedKey[], shared: Shared) {
  const { seen, uploads, clock } = shared;
  const { withoutRedis, replay: replayMs = DEFAULT_REPLAY_MS } = options;
  const isTimed = form.timestamp !== undefined;
  const passesAgain = !isTimed && replayMs === Number.POSITIVE_INFINITY;

  async function passFirst(
    context: RequestContext,
    identity: Identity,
    untilMs: number,
    signed: readonly SignedPart[],
  ) {
    const owner = identity.consumer?.name ?? '';
    const name = (await hashOf('sha256', [`${form.header}\n`, ...signed])).toString('base64url');
    if (context.dryRun) return seen.has(owner, name) ? AGAIN : identity;
    const outcome = await passOnce(seen, { owner, name, untilMs, withoutRedis, isProvisional: !isTimed }, identity);
    // Without a time in it, a message that failed is sent again as it was.
    if (outcome === identity && !isTimed) keepIfDone(context, seen, owner, name);
    return outcome;
  }

  return async function prove(context: RequestContext, claim: WebhookClaim): Promise<Outcome> {
    const body = await uploads.read(context);
    await turnFor(context, body.length);
    const signed = form.pieces.map((piece) => textOf(piece, context, claim, body));
    const signer = await findSigner(form.algorithm, keys, claim.signatures, signed);
    if (signer === undefined) return WRONG;
    const nowMs = clock.now();
    // While the body came its time has run out; what came then could be forgotten already.
    if (claim.endsAtMs !== undefined && nowMs > claim.endsAtMs + SLACK_MS / 2) return TOO_LATE;
    if (passesAgain) return signer.identity;
    return passFirst(context, signer.identity, (claim.endsAtMs ?? nowMs + replayMs) + SLACK_MS, signed);
  };
}

function textOf(
  piece: SignedPiece,
  context: RequestContext,
  { timestamp, id }: WebhookClaim,
  body: Buffer,
): SignedPart {
  if ('text' in piece) return piece.text;
  switch (piece.value) {
    case 'body':
      return body;
    case 'timestamp':
      return timestamp;
    case 'id':
      return id;
    case 'method':
      return context.method;
    case 'url':
      return readAsSent(context).url;
  }
}
