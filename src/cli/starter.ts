/**
 * The routes.json to begin with; `command` is how `turnpike` is typed here. Its comments name what comes next; what is commented out is right as it stands, and
 * a test takes the slashes away to see.
 */
export function renderStarter(schema: string, command: string): string {
  return `{
  "$schema": ${JSON.stringify(schema)},

  // What is forwarded where: the longest fitting prefix decides. An edit is in force at once, nothing restarts.
  "routes": [
    // GET /hello/world reaches the service as GET /world. Everybody may call: without "auth": "none" a route asks
    // for a key or a token. A key: ${command} key create --consumer my-app
    {
      "prefix": "/hello",
      "target": "http://localhost:4100",
      "auth": "none",
      "rateLimits": [{ "limit": 100, "window": "1s", "by": "address" }],
    },

    // A route that asks, and counts.
    // { "prefix": "/api/orders", "service": "orders", "rateLimits": [{ "limit": 100, "window": "1m" }] },
  ],

  // Services with several targets, health checks and circuit breakers; a route names them by "service".
  // "services": { "orders": { "targets": ["http://localhost:4001", "http://localhost:4002"] } },

  // What a consumer may use in all. With a defaultPlan whoever has none has that one.
  // ${command} key create --consumer my-app --plan free
  "plans": { "free": { "rateLimits": [{ "limit": 1000, "window": "1h" }] } },
  // "defaultPlan": "free",
}
`;
}
