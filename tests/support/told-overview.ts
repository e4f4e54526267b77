/** What `GET /overview` tells of a gateway with so many services and routes, the last of which are not well. */
export function sampleOverview({ services, routes }: { readonly services: number; readonly routes: number }) {
  const isLast = (index: number, count: number): boolean => count > 1 && index === count - 1;
  return {
    at: Date.UTC(2026, 10, 27, 3, 0, 0),
    version: '0.1.0',
    status: 'serving',
    uptimeSeconds: 90_061,
    node: '26.10.0',
    inFlight: 3,
    webSockets: 1,
    redis: 'up',
    memory: { rssBytes: 120e6, heapUsedBytes: 40e6, heapTotalBytes: 60e6 },
    eventLoop: { meanMs: 0.1, p99Ms: 1.2, maxMs: 9 },
    window: {
      seconds: 60,
      requestsPerSecond: 120.4,
      clientErrorsPerSecond: 0.1,
      serverErrorsPerSecond: 0,
      p50Ms: 2,
      p95Ms: 9,
      p99Ms: null,
      gatewayP50Ms: 0.4,
      gatewayP99Ms: 1.2,
    },
    routes: Array.from({ length: routes }, (_, index) => ({
      name: `/api/route-${index}`,
      prefix: `/api/route-${index}`,
      service: `service-${index}`,
      requestsPerSecond: 4,
      clientErrorsPerSecond: 0.05,
      serverErrorsPerSecond: isLast(index, routes) ? 0.15 : 0,
      p99Ms: 12,
      refusals: isLast(index, routes) ? { rate_limited: 3, upstream_refused: 9 } : {},
    })),
    services: Array.from({ length: services }, (_, index) => ({
      name: `service-${index}`,
      healthy: isLast(index, services) ? 1 : 2,
      total: 2,
      requestsPerSecond: 4,
      failedPerSecond: 0,
      p50Ms: 1,
      p99Ms: 5,
      breaker: isLast(index, services)
        ? { name: `service-${index}`, state: 'open', since: 0, retryAfterSeconds: 3, isForced: false }
        : null,
      targets: [
        { url: 'http://10.0.0.1', state: isLast(index, services) ? 'out' : 'in', reason: 'health check failed' },
        { url: 'http://10.0.0.2', state: 'in', reason: '' },
      ],
    })),
    reloads: [
      { at: Date.UTC(2026, 10, 27, 2, 0, 0), by: 'watch', result: 'applied', changes: ['/a added'], faults: [] },
    ],
    notices: services > 1 ? [{ severity: 'bad', text: 'the circuit of service-39 is open since 02:59' }] : [],
  };
}
