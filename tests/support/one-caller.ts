import type { TestContext } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { hashPassword } from '../../src/auth/password.ts';
import { SECRET } from './auth.ts';
import { startGateway } from './gateway.ts';
import { ask } from './http.ts';
import { startService } from './service.ts';

export const KEY = createApiKey();
/** A key that the gateway did not make. */
export const BROUGHT = 'sk-a-key-that-was-brought-along';
const keys = [KEY, BROUGHT].map((key, at) => ({ id: `k${at}`, sha256: hashApiKey(key) }));
export const TOKEN = jwt.sign({ sub: 'u1' }, SECRET, { expiresIn: '1h' });
export const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });

/** A gateway with one consumer, who has two keys and a password, and one route before a service. */
export async function startForCaller(t: TestContext, auth: unknown, route: object = {}) {
  const service = await startService(t);
  const consumers = [{ name: 'app', keys, password: await hashPassword('right') }];
  const file = { consumers, routes: [{ prefix: '/a', target: service.url, auth, ...route }] };
  const gateway = await startGateway(t, { file, env: { JWT_SECRET: SECRET } });
  const call = async (headers: Record<string, string | string[]> = {}) => {
    const { status, json } = await ask(`${gateway.url}/a`, { headers });
    return status === 200 ? 'ok' : `${status} ${json.detail}`;
  };
  return { service, gateway, call };
}
