/** Where and as whom the demo is called. */
export interface DemoAddress {
  readonly port: number;
  readonly adminPort: number;
  /** Port of the first stub; the others follow. */
  readonly stubPort: number;
  /** Where the stubs of the service users listen. */
  readonly usersPorts: readonly number[];
  readonly key: string;
  readonly token: string;
}

/** One thing to try: what to type, and what comes back. */
export interface DemoStep {
  readonly title: string;
  readonly command: string;
  /** The statuses in their order; `502 ... 503` is some of the one, then some of the other. */
  readonly statuses: string;
  /** Texts that stand in the answer. */
  readonly shows: readonly string[];
}

/** What `npm run demo` prints, in an order in which each line still does what it says. */
export function demoSteps({ port, adminPort, stubPort, usersPorts, key, token }: DemoAddress): readonly DemoStep[] {
  const gateway = `http://localhost:${port}`;
  const byKey = `-H 'X-API-Key: ${key}'`;
  const byToken = `-H 'Authorization: Bearer ${token}'`;
  const products = `${gateway}/api/products`;
  const times = (count: number, command: string) =>
    `for i in ${Array.from({ length: count }, (_, at) => at + 1).join(' ')}; do ${command}; done`;
  return [
    {
      title: 'by API key; the service sees the same X-Request-Id, who called, and no credential',
      command: `curl -si ${byKey} ${gateway}/api/users/42`,
      statuses: '200',
      shows: ['X-Request-Id', '"service": "users"', '"path": "/42"', '"x-consumer-name": "demo"'],
    },
    ...(usersPorts.length < 2
      ? []
      : [
          {
            title: `users has ${usersPorts.length} targets; stop one (POST /stop at its port) and no call fails`,
            command: times(9, `curl -si ${byKey} ${gateway}/api/users | grep -E 'HTTP|"port"'`),
            statuses: '200 ... 200',
            shows: ['"port": '],
          },
        ]),
    {
      title: 'by token, with the role admin',
      command: `curl -si ${byToken} ${gateway}/api/orders/admin`,
      statuses: '200',
      shows: ['"service": "orders"', '"x-user-id": "alice"', '"x-user-role": "admin"'],
    },
    {
      title: 'no credential',
      command: `curl -si ${gateway}/api/users/42`,
      statuses: '401',
      shows: ['WWW-Authenticate', 'application/problem+json', '"code":"unauthenticated"'],
    },
    {
      title: 'the key has only the role reader',
      command: `curl -si ${byKey} ${gateway}/api/orders/admin`,
      statuses: '403',
      shows: ['"code":"forbidden"'],
    },
    {
      title: 'one answer of several routes; the key may not have the part that needs the role admin, and is told',
      command: `curl -si ${byKey} ${gateway}/api/dashboard/42`,
      statuses: '200',
      shows: ['X-Gateway-Completed: false', '"path":"/users"', '"part":"admin","status":403'],
    },
    {
      title: 'the same by token',
      command: `curl -si ${byToken} ${gateway}/api/dashboard/42`,
      statuses: '200',
      shows: ['X-Gateway-Completed: true', '"admin":{"service":"orders"'],
    },
    {
      title: 'no such route',
      command: `curl -si ${byKey} ${gateway}/api/nothing`,
      statuses: '404',
      shows: ['"code":"not_found"'],
    },
    {
      title: 'five exports a minute',
      command: times(6, `curl -si -o /dev/null -w '%{http_code}\\n' ${byKey} ${gateway}/api/orders/export`),
      statuses: '200 200 200 200 200 429',
      shows: [],
    },
    {
      title: 'and what the refused client is told',
      command: `curl -si ${byKey} ${gateway}/api/orders/export`,
      statuses: '429',
      shows: ['Retry-After', 'RateLimit:', 'RateLimit-Policy', '"code":"rate_limited"'],
    },
    {
      title: 'a browser page on http://localhost:5173 may ask',
      command: `curl -si -X OPTIONS -H 'Origin: http://localhost:5173' -H 'Access-Control-Request-Method: POST' ${gateway}/api/users`,
      statuses: '204',
      shows: ['Access-Control-Allow-Origin: http://localhost:5173'],
    },
    {
      title: 'a streamed answer: one event each 200 ms, on a public route',
      command: `curl -siN ${gateway}/public/products/stream`,
      statuses: '200',
      shows: ['text/event-stream', '"event":5'],
    },
    {
      title: 'nothing listens where this service should be',
      command: `curl -si ${byKey} ${gateway}/api/invoices`,
      statuses: '502',
      shows: ['"code":"upstream_refused"', 'Proxy-Status'],
    },
    {
      title: 'stop the service products',
      command: `curl -si -X POST http://localhost:${stubPort + 2}/stop`,
      statuses: '200',
      shows: ['products has stopped'],
    },
    {
      title: 'calls to it fail, until the circuit opens and it is left in peace',
      command: times(8, `curl -s -o /dev/null -w '%{http_code}\\n' ${byKey} ${products}`),
      statuses: '502 ... 503',
      shows: [],
    },
    {
      title: 'what a client is told while the circuit is open',
      command: `curl -si ${byKey} ${products}`,
      statuses: '503',
      shows: ['Retry-After', '"code":"circuit_open"'],
    },
    {
      title: 'the health of the gateway, with its circuits',
      command: `curl -si ${gateway}/health`,
      statuses: '200',
      shows: ['"products"'],
    },
    {
      title: 'metrics, for operators only (the admin port listens on 127.0.0.1)',
      command: `curl -si http://localhost:${adminPort}/metrics`,
      statuses: '200',
      shows: ['turnpike_requests_total', 'turnpike_breaker_state'],
    },
    {
      title: 'the state of routes and services',
      command: `curl -si http://localhost:${adminPort}/state`,
      statuses: '200',
      shows: ['products'],
    },
  ];
}

/** The steps as they are printed: a title, the command to copy, and what to look for. */
export function renderSteps(steps: readonly DemoStep[]): string {
  return steps
    .map(({ title, command, statuses, shows }) => {
      const lookFor = shows.length > 0 ? `   look for: ${shows.join(' | ')}` : '';
      return `  # ${title}\n  ${command}\n  # -> ${statuses}${lookFor}\n`;
    })
    .join('\n');
}
