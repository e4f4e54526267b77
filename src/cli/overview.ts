import { z } from 'zod';
import { AdminFault } from './cli-faults.ts';

const number = z.number().catch(0);
const text = z.string().catch('');
const counts = z.record(z.string(), number).catch({});

const route = z.object({
  name: z.string(),
  requestsPerSecond: number,
  clientErrorsPerSecond: number,
  serverErrorsPerSecond: number,
  p99Ms: z.number().nullish().catch(null),
  refusals: counts,
});

const breaker = z.object({
  name: text,
  state: text,
  since: z.number().nullish().catch(null),
  retryAfterSeconds: z.number().nullish().catch(null),
  isForced: z.boolean().catch(false),
});

const failure = z
  .object({ outcome: text, cause: text, at: number, inARow: number, since: number })
  .nullish()
  .catch(null);

const service = z.object({
  name: z.string(),
  healthy: number,
  total: number,
  requestsPerSecond: number,
  failedPerSecond: number,
  p99Ms: z.number().nullish().catch(null),
  breaker: breaker.nullish().catch(null),
  targets: z.array(z.object({ url: text, state: text, reason: text, lastFailure: failure })).catch([]),
});

const notice = z.object({
  severity: z.enum(['bad', 'warn', 'info']).catch('info'),
  text,
  evidence: z.string().nullish().catch(null),
});

/** What is shown of `GET /overview`. What an older or newer gateway does not say counts as nothing. */
const overview = z.object({
  at: number,
  version: text,
  instance: text,
  routesFile: text,
  status: z.string(),
  uptimeSeconds: number,
  node: text,
  inFlight: number,
  webSockets: number,
  redis: text,
  redisChanges: z
    .object({
      address: text,
      changes: z.array(z.object({ at: number, to: text, reason: text })).catch([]),
    })
    .nullish()
    .catch(null),
  memory: z.object({ rssBytes: number, heapUsedBytes: number, heapTotalBytes: number }).catch({
    rssBytes: 0,
    heapUsedBytes: 0,
    heapTotalBytes: 0,
  }),
  eventLoop: z.object({ p99Ms: number, maxMs: number }).catch({ p99Ms: 0, maxMs: 0 }),
  window: z
    .object({
      seconds: number,
      requestsPerSecond: number,
      clientErrorsPerSecond: number,
      serverErrorsPerSecond: number,
      p50Ms: z.number().nullish().catch(null),
      p99Ms: z.number().nullish().catch(null),
      gatewayP99Ms: z.number().nullish().catch(null),
    })
    .nullish()
    .catch(null),
  routes: z.array(route).catch([]),
  services: z.array(service).catch([]),
  reloads: z
    .array(
      z.object({
        at: number,
        by: text,
        result: text,
        changes: z.array(z.string()).catch([]),
        faults: z.array(z.object({ place: text, message: text })).catch([]),
        left: number,
      }),
    )
    .catch([]),
  notices: z.array(notice).catch([]),
});

export type Overview = z.infer<typeof overview>;

export function parseOverview(answer: unknown): Overview {
  const parsed = overview.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new AdminFault('what answers at the admin port is no overview of a gateway');
}

/** Whether an operator should see to it, now or soon. */
export function isDegraded({ status, notices }: Overview): boolean {
  return status !== 'serving' || notices.some(({ severity }) => severity !== 'info');
}
