import { keyUsesKind } from '../auth/key-uses.ts';
import { type AdminAnswer, type AdminSource, ok } from './answer.ts';

/** `GET /consumers`: the consumers of the file, and when each of their keys was last used here; never a key or its hash. */
export function describeConsumers({ deps, gateway }: Pick<AdminSource, 'deps' | 'gateway'>): AdminAnswer {
  const { consumers, consumerStore } = gateway.snapshot.config;
  const [uses] = deps.pool.list(keyUsesKind);
  const nowMs = deps.clock.now();
  const rows = consumers.map(({ name, plan, roles, keys, password, certificates }) => ({
    name,
    plan: plan ?? null,
    roles,
    keys: keys.map(({ id, expiresAt }) => ({
      id,
      expiresAt: expiresAt ?? null,
      isExpired: expiresAt !== undefined && Date.parse(expiresAt) <= nowMs,
      lastUsedAt: isoTime(uses?.of(name, id).atMs),
    })),
    hasPassword: password !== undefined,
    certificates: certificates.length,
  }));
  return ok({ store: consumerStore, consumers: rows });
}

function isoTime(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
