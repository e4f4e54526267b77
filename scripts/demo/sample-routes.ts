/** Routes of the demo beside those of routes.json: what docs/answers.md and docs/cache.md show, to be tried. */
export const SAMPLE_ROUTES: readonly object[] = [
  { prefix: '/samples/small', target: 'http://localhost:4003', auth: 'none', compress: { minSize: '100b' } },
  {
    name: 'cached',
    prefix: '/samples/cached',
    target: 'http://localhost:4003',
    auth: 'none',
    rewritePrefix: '/cached',
    cache: true,
  },
  {
    prefix: '/samples/closed',
    target: 'http://localhost:4003',
    maintenance: { retryAfter: '10m', message: 'We are moving.', allow: ['10.0.0.0/8'] },
  },
  {
    prefix: '/samples/v1',
    target: 'http://localhost:4003',
    auth: 'none',
    deprecation: { since: '2026-06-30', sunset: '2099-12-31', link: 'https://docs.example.com/v2', refuse: true },
  },
  {
    prefix: '/samples/flaky',
    target: 'http://localhost:4003',
    auth: 'none',
    fault: { delay: { min: '100ms', max: '300ms' }, abort: 503, force: true },
  },
  {
    prefix: '/samples/words',
    target: 'http://localhost:4003',
    errors: {
      normalize: true,
      bodies: {
        unauthenticated: [
          { body: { error: { code: '${error.code}', status: '${error.status}' } } },
          { body: '<!doctype html><title>Sign in</title><h1>Sign in first</h1><p>${request.id}</p>' },
        ],
      },
    },
  },
];
