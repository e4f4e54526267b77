import type { Report } from '../../stage.ts';
import { createForm } from './create-form.ts';
import { parseWebhookSecret, publicBytesOf, readingsOf, type SecretCoding, type WebhookKey } from './webhook-key.ts';
import type { WebhookOptions } from './webhook-options.ts';

interface Row {
  readonly name: string;
  readonly webhookSecrets?: readonly string[] | undefined;
}

interface Use {
  readonly route: number;
  readonly options: WebhookOptions;
}

interface Secret extends WebhookKey {
  readonly route: number;
  readonly consumer: string;
  readonly text: string;
}

/**
 * Reports secrets that are a public key to another route: anybody may know that, and what it signs as a secret would be
 * anybody's.
 */
export function checkPublicSecrets(consumers: readonly Row[], uses: readonly Use[], report: Report): void {
  const all = uses.flatMap((use) => secretsOf(consumers, use));
  const known = new Map(all.filter(({ kind }) => kind === 'ed25519').map((one) => [publicBytesOf(one.key), one.route]));
  for (const { kind, text, route, consumer } of all) {
    const reading = kind === 'hmac' && readingsOf(text).find((bytes) => known.has(bytes));
    if (typeof reading !== 'string') continue;
    const message = `a webhook secret of consumer "${consumer}" is the public key of route ${known.get(reading)}: anybody may know it, and sign with it`;
    report(['routes', route, 'auth'], message, 'give each provider a consumer of its own');
  }
}

function secretsOf(consumers: readonly Row[], { route, options }: Use): Secret[] {
  const { coding } = createForm(options);
  const rows = consumers.filter(({ name }) => options.consumers.includes(name));
  return rows.flatMap(({ name, webhookSecrets = [] }) =>
    webhookSecrets.flatMap((text) => {
      const key = readSecret(text, coding);
      return key === undefined ? [] : [{ ...key, route, consumer: name, text }];
    }),
  );
}

/** Undefined for what is refused anyhow. */
function readSecret(text: string, coding: SecretCoding): WebhookKey | undefined {
  try {
    return parseWebhookSecret(text, coding);
  } catch {
    return undefined;
  }
}
