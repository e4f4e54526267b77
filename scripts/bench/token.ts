import { createHmac, randomBytes } from 'node:crypto';

/** One secret and one token a run, the same for every contestant. */
export interface Credential {
  readonly secret: string;
  readonly token: string;
}

export function createCredential(): Credential {
  const secret = randomBytes(32).toString('hex');
  const now = Math.floor(Date.now() / 1000);
  const header = encode({ alg: 'HS256', typ: 'JWT' });
  const payload = encode({ sub: 'u1', role: 'reader', iat: now, exp: now + 24 * 60 * 60 });
  const signature = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url');
  return { secret, token: `${header}.${payload}.${signature}` };
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
