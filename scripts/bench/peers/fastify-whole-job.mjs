// The whole job with Fastify and its own plugins, wired as their READMEs show: CORS, request id, access log, helmet,
// JWT verified, limit by subject, proxying. It has no metrics, no circuit breaker and no path rules: a fair bit less.
import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import httpProxy from '@fastify/http-proxy';
import jwt from '@fastify/jwt';
import rateLimit from '@fastify/rate-limit';
import Fastify from 'fastify';

const { PORT, SERVICE_URL, JWT_SECRET, CORS_ORIGIN, JWT_CACHE } = process.env;

const app = Fastify({ logger: true, requestIdHeader: 'x-request-id', genReqId: () => randomUUID() });
app.addHook('onSend', async (request, reply) => {
  reply.header('x-request-id', request.id);
});
await app.register(cors, { origin: [CORS_ORIGIN] });
await app.register(helmet);
await app.register(jwt, { secret: JWT_SECRET, verify: { algorithms: ['HS256'], cache: JWT_CACHE === 'yes' } });
app.addHook('onRequest', async (request) => {
  await request.jwtVerify();
});
await app.register(rateLimit, {
  max: 1_000_000_000,
  timeWindow: '1 hour',
  hook: 'preHandler',
  keyGenerator: (request) => request.user.sub,
});
app.register(httpProxy, {
  upstream: SERVICE_URL,
  prefix: '/api/users',
  replyOptions: {
    rewriteRequestHeaders: (request, headers) => ({
      ...headers,
      'x-request-id': request.id,
      'x-user-id': request.user.sub,
      'x-forwarded-for': request.ip,
    }),
  },
});
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
