/** Routes of the demo beside those of routes.json, to be tried: what docs/answers.md and the other pages show that speak of /samples. */
export const SAMPLE_ROUTES: readonly object[] = [
  {
    prefix: '/samples/sent',
    target: 'http://localhost:4003',
    auth: 'none',
    request: {
      headers: {
        remove: ['x-debug'],
        rename: { 'x-token': 'x-legacy-token' },
        set: { 'x-asked': '${request.method} ${request.path}' },
      },
      query: { remove: ['debug'], rename: { q: 'query' }, set: { limit: '10' } },
      json: {
        omit: ['password'],
        rename: { user_name: 'userName' },
        set: { 'meta.count': '${size(body.items)}' },
        wrap: 'order',
      },
    },
  },
  {
    prefix: '/samples/shaped',
    target: 'http://localhost:4003',
    auth: 'none',
    response: [
      {
        when: 'response.status >= 400',
        json: { pick: ['service'] },
        headers: { set: { 'x-failed': '${response.status}' } },
      },
      {
        when: 'response.status < 300',
        json: {
          pick: ['service', 'method', 'headers.host'],
          rename: { service: 'by' },
          set: { at: '${request.time}' },
          wrap: 'data',
        },
      },
    ],
  },
  {
    prefix: '/samples/order',
    target: 'http://localhost:4003',
    auth: 'none',
    rewritePrefix: '/order.xml',
    response: {
      format: 'json',
      xml: { arrays: ['order.items.item'], numbers: true },
      json: { rename: { "order['@id']": 'id', "order.items.item[]['@sku']": 'sku' } },
    },
  },
  {
    prefix: '/samples/credentials',
    target: 'http://localhost:4003',
    auth: { any: ['jwt', 'api-key'], optional: true },
    serviceAuth: {
      header: { 'x-internal-key': 'the key of the service' },
      token: { audience: 'products', header: 'x-caller-token' },
    },
  },
  {
    prefix: '/samples/soap',
    target: 'http://localhost:4003',
    auth: 'none',
    request: { format: 'xml', xml: { root: 'order' } },
  },
  {
    prefix: '/samples/links',
    target: 'http://localhost:4003',
    auth: 'none',
    rewritePrefix: '/links',
    response: { urls: true },
  },
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
  {
    prefix: '/samples/github',
    target: 'http://localhost:4003',
    auth: { webhook: { provider: 'github', consumers: 'hooks' } },
  },
  { prefix: '/samples/partner', target: 'http://localhost:4003', auth: 'http-signature' },
];

/** Who may sign what, with secrets that everybody can read here. */
export const SAMPLE_SIGNERS: readonly object[] = [
  { name: 'hooks', webhookSecrets: ['demo-secret-of-webhooks'] },
  { name: 'partner', signatureKeys: [{ id: 'demo', secret: 'demo-secret-of-partners-of-32-bytes' }] },
];
