/** The services of the demo that docs/ai.md shows: a model, and an account of it that is over its limit. */
export function modelServices(modelPort: number, busyPort: number): Readonly<Record<string, object>> {
  return {
    model: { targets: [`http://localhost:${modelPort}`] },
    'busy-model': { targets: [`http://localhost:${busyPort}`] },
  };
}

/** The routes before them. */
export const MODEL_ROUTES: readonly object[] = [
  {
    name: 'models',
    prefix: '/v1',
    service: 'model',
    stripPrefix: false,
    auth: { 'api-key': { header: 'authorization' } },
    rateLimits: [{ limit: 2000, window: '1m', cost: 'tokens' }],
    models: { names: ['stub-1'] },
  },
  {
    name: 'capped',
    prefix: '/capped/v1',
    service: 'model',
    rewritePrefix: '/v1',
    auth: 'none',
    rateLimits: [{ limit: 300, window: '1m', cost: 'tokens', by: 'route' }],
    models: { capMaxTokens: true },
  },
  {
    name: 'failover',
    prefix: '/failover/v1',
    service: 'busy-model',
    rewritePrefix: '/v1',
    auth: 'none',
    models: {},
    failover: { to: ['model'] },
  },
];
