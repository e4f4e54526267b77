// @fastify/http-proxy as its README shows it: proxies, and nothing else.
import httpProxy from '@fastify/http-proxy';
import Fastify from 'fastify';

const { PORT, SERVICE_URL } = process.env;
const app = Fastify();
app.register(httpProxy, { upstream: SERVICE_URL, prefix: '/api/users' });
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
