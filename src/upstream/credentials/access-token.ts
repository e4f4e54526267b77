import type { Call, CallAnswer } from '../../deps.ts';
import { isObject } from '../../lib/json-object.ts';
import { type CredentialPart, fieldOf } from './credential.ts';
import type { AccessTokenOptions } from './options.ts';
import type { Fetched, Renewed } from './renewed.ts';

const MAX_ANSWER_BYTES = 64 * 1024;
/** What fits into the header fields of most servers. */
const MAX_TOKEN_CHARS = 8192;
/** Of a token whose life nobody tells (RFC 6749, section 5.1, lets it be left out). */
const DEFAULT_LIFE_SECONDS = 300;
const MAX_LIFE_SECONDS = 24 * 60 * 60;
/** What may stand behind "Bearer " (RFC 6750, section 2.1), and the odd token beyond it that is one word. */
const TOKEN = /^[\x21-\x7e]+$/;
/** RFC 6749, section 5.2. */
const ERROR_WORD = /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,64}$/;

/** An access token of OAuth 2 in a field of its own, `Authorization: Bearer …` by default. */
export function accessToken({ header }: Pick<AccessTokenOptions, 'header'>, renewed: Renewed): CredentialPart {
  const render = header === 'authorization' ? (token: string) => `Bearer ${token}` : (token: string) => token;
  return {
    kind: 'oauth2',
    fields: [header],
    add(fields) {
      const token = renewed.get();
      if (typeof token !== 'string') return token.then((late) => void fields.push(header, render(late)));
      fields.push(header, render(token));
      return undefined;
    },
    hear(fields, status) {
      const sent = fieldOf(fields, header);
      return status === 401 && sent !== undefined && renewed.refuse(sent.replace(/^Bearer /, ''));
    },
  };
}

/**
 * Asks for a token by the grant of client credentials (RFC 6749, section 4.4). Rejects with an Error that names the
 * server and what it said is wrong, and neither secret nor token.
 */
export async function fetchAccessToken(options: AccessTokenOptions, call: Call): Promise<Fetched> {
  const { tokenUrl, clientId, clientSecret, clientAuth, tls } = options;
  const form = formOf(options);
  const headers = ['accept', 'application/json', 'content-type', 'application/x-www-form-urlencoded'];
  if (clientAuth === 'basic') headers.push('authorization', basicOf(clientId, clientSecret));
  const where = tokenUrl.split('?', 1)[0];
  const answer = await call({
    to: new URL(tokenUrl),
    method: 'POST',
    headers: [...headers, 'user-agent', 'turnpike'],
    body: form.toString(),
    ...(tls !== undefined && { tls }),
    timeoutMs: options.timeout,
    maxBytes: MAX_ANSWER_BYTES,
  }).catch((cause: unknown) => {
    throw new Error(`${where} does not answer as it should: ${reasonOf(cause)}`, { cause });
  });
  return readAnswer(answer, where ?? '');
}

function formOf({ clientId, clientSecret, clientAuth, scope, audience, resource = [] }: AccessTokenOptions) {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (scope !== undefined) form.set('scope', scope.join(' '));
  for (const one of audience ?? []) form.append('audience', one);
  // RFC 8707, section 2.
  for (const one of resource) form.append('resource', one);
  if (clientAuth === 'post') {
    form.set('client_id', clientId);
    form.set('client_secret', clientSecret);
  }
  return form;
}

/** Both are form-encoded first (RFC 6749, section 2.3.1), so that a colon in the name ends nothing. */
function basicOf(clientId: string, clientSecret: string): string {
  const [name, secret] = [clientId, clientSecret].map((text) => new URLSearchParams({ '': text }).toString().slice(1));
  return `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
}

function readAnswer({ status, headers, body }: CallAnswer, where: string): Fetched {
  const value = headers['content-encoding'] === undefined ? parseObject(body.toString()) : undefined;
  if (status !== 200) {
    const word = value?.['error'];
    const said = typeof word === 'string' && ERROR_WORD.test(word) ? ` (${word})` : '';
    throw new Error(`${where} answered ${status}${said}`);
  }
  if (value === undefined) throw new Error(`${where} did not answer with a JSON object`);
  const { access_token: text, token_type: type = 'Bearer', expires_in: seconds } = value;
  if (typeof text !== 'string' || !TOKEN.test(text) || text.length > MAX_TOKEN_CHARS)
    throw new Error(`${where} gave no usable access_token`);
  if (String(type).toLowerCase() !== 'bearer') throw new Error(`${where} gave a token that is no bearer token`);
  return { text, livesMs: lifeOf(seconds, where) * 1000 };
}

/** A number of seconds, which some servers write as text. */
function lifeOf(written: unknown, where: string): number {
  if (written === undefined || written === null) return DEFAULT_LIFE_SECONDS;
  const seconds = typeof written === 'string' && /^\d{1,15}$/.test(written) ? Number(written) : written;
  if (typeof seconds !== 'number' || !(seconds > 0)) throw new Error(`${where} gave an expires_in that is none`);
  return Math.min(seconds, MAX_LIFE_SECONDS);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Several addresses of one name that fail have no message but a code. */
function reasonOf(cause: unknown): string {
  const { message = '', code = 'no reason given' } = cause as { message?: string; code?: string };
  return message === '' ? code : message;
}
