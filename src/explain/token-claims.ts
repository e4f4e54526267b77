import type { FileConfig } from '../config/routes.ts';
import type { RequestContext } from '../context.ts';
import type { Settings } from '../settings.ts';
import type { ClaimVerdict } from './explanation.ts';

const MAX_TOKEN_CHARS = 8_192;
/** As the verifier has it: clocks differ. */
const TOLERANCE_SECONDS = 5;

interface Expected {
  readonly audience: readonly string[] | undefined;
}

/**
 * What a bearer token says, claim by claim, beside what is expected. It is read and not verified: whether its signature
 * is good says the stage. Empty where no JWT was sent.
 */
export function readTokenClaims(
  { req }: RequestContext,
  file: Pick<FileConfig, 'issuers'>,
  { jwt }: Pick<Settings, 'jwt'>,
  nowMs: number,
): readonly ClaimVerdict[] {
  const text = /^Bearer +([\w-]+\.[\w-]+\.[\w-]*)$/i.exec(req.headers.authorization ?? '')?.[1];
  if (text === undefined || text.length > MAX_TOKEN_CHARS) return [];
  const [header, payload] = text.split('.').slice(0, 2).map(readPart);
  if (header === undefined || payload === undefined) return [];
  const named = new Map<unknown, Expected>(file.issuers.map(({ issuer, audience }) => [issuer, { audience }]));
  if (jwt !== undefined) named.set(jwt.issuer, { audience: jwt.audience });
  const issuer = named.get(payload['iss']) ?? named.get(undefined);
  return [
    verdict('alg', header['alg'], typeof header['alg'] === 'string' && header['alg'] !== 'none', 'named in the header'),
    issuerVerdict(payload['iss'], issuer, [...named.keys()]),
    ...audienceVerdict(payload['aud'], issuer?.audience),
    expiryVerdict(payload['exp'], nowMs / 1000),
    ...notBeforeVerdict(payload['nbf'], nowMs / 1000),
    verdict('sub', payload['sub'] ?? payload['id'], true, 'who it speaks for'),
  ];
}

function readPart(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // What is no token is told by the stage that refuses it.
    return undefined;
  }
}

function verdict(claim: string, value: unknown, isGood: boolean, says: string): ClaimVerdict {
  const text = value === undefined ? 'missing' : typeof value === 'string' ? value : JSON.stringify(value);
  return { claim, value: text.slice(0, 200), isGood, says };
}

function issuerVerdict(iss: unknown, issuer: Expected | undefined, known: readonly unknown[]): ClaimVerdict {
  if (issuer !== undefined) return verdict('iss', iss, true, 'an issuer that is known here');
  const names = known.map((name) => (name === undefined ? '(one without a name)' : String(name)));
  return verdict('iss', iss, false, names.length === 0 ? 'no issuer is set here' : `known are ${names.join(', ')}`);
}

function audienceVerdict(aud: unknown, expected: readonly string[] | undefined): readonly ClaimVerdict[] {
  if (expected === undefined) return aud === undefined ? [] : [verdict('aud', aud, true, 'not checked here')];
  const isGood = [aud].flat().some((one) => typeof one === 'string' && expected.includes(one));
  return [verdict('aud', aud, isGood, `must name ${expected.join(' or ')}`)];
}

function expiryVerdict(exp: unknown, now: number): ClaimVerdict {
  if (typeof exp !== 'number') return verdict('exp', exp, false, 'a token must say until when it is good');
  const left = Math.round(exp - now);
  const isGood = left > -TOLERANCE_SECONDS;
  if (isGood && left <= 0) return verdict('exp', exp, true, `expired ${span(-left)} ago, which clocks may differ by`);
  return verdict('exp', exp, isGood, isGood ? `good for ${span(left)} more` : `expired ${span(-left)} ago`);
}

function notBeforeVerdict(nbf: unknown, now: number): readonly ClaimVerdict[] {
  if (typeof nbf !== 'number') return [];
  const wait = Math.round(nbf - now);
  const isGood = wait <= TOLERANCE_SECONDS;
  return [verdict('nbf', nbf, isGood, isGood ? 'its time has come' : `good in ${span(wait)}`)];
}

function span(seconds: number): string {
  const whole = Math.max(0, seconds);
  if (whole < 120) return `${whole} s`;
  if (whole < 7_200) return `${Math.round(whole / 60)} min`;
  return whole < 172_800 ? `${Math.round(whole / 3600)} h` : `${Math.round(whole / 86_400)} days`;
}
