import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express from 'express';
import { createGateway, type Gateway, GatewayConfigError, type GatewayOptions, type RoutesFile } from 'turnpike';
import { WebSocket, WebSocketServer } from 'ws';

/*
 * An application of somebody who has installed the package: compiled, run by several Nodes, and read by its last line.
 * It must end by itself: whatever the gateway leaves behind would keep it.
 */
async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function ask(port: number, path: string, host = 'red.example.com'): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, path, host: '127.0.0.1', headers: { host }, agent: false }, (res) => {
      let text = `${res.statusCode} `;
      res.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      res.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

async function exchange(url: string): Promise<string> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  socket.send('hello');
  const [message] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  await once(socket, 'close');
  return message.toString();
}

const service = createServer((req, res) => res.end(`${req.url} for ${req.headers['x-tenant']}`));
const sockets = new WebSocketServer({ server: service });
sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))));
const servicePort = await listen(service);

const routes: RoutesFile = {
  services: { hello: { targets: [`http://127.0.0.1:${servicePort}`] } },
  routes: [
    {
      prefix: '/hello',
      service: 'hello',
      auth: 'none',
      use: ['./stages/tenant.js'],
      tenant: { domain: 'example.com' },
    },
    { prefix: '/talk', service: 'hello', auth: 'none', websocket: true },
  ],
};
const options: GatewayOptions = { routes, folder: join(import.meta.dirname), logger: false };
const gateway: Gateway = await createGateway(options);
const app = express();
app.use('/api', gateway);
app.get('/', (_req, res) => void res.send('the application'));
const server = createServer(app);
gateway.upgrade(server, { path: '/api' });
const port = await listen(server);

const alone = await createGateway({ routes, folder: import.meta.dirname, logger: false });
const { port: alonePort } = await alone.listen({ port: 0, host: '127.0.0.1' });

const faults = await createGateway({ routes: { routes: [{ prefix: '/x', tagret: 'http://localhost:1' }] } }).catch(
  (error: unknown) => (error instanceof GatewayConfigError ? error.faults.map(({ message }) => message) : []),
);

const seen = {
  node: process.versions.node,
  mounted: await ask(port, '/api/hello/you'),
  refused: (await ask(port, '/api/hello/you', 'blocked.example.com')).slice(0, 3),
  missed: (await ask(port, '/api/nothing')).slice(0, 3),
  own: await ask(port, '/'),
  socket: await exchange(`ws://127.0.0.1:${port}/api/talk`),
  alone: await ask(alonePort, '/hello/you', 'elsewhere.test'),
  health: (await ask(alonePort, '/health/ready')).slice(0, 3),
  faults: Array.isArray(faults) && faults.length > 0,
};

server.close();
const closed = await Promise.all([gateway.close(), alone.close()]);
for (const one of sockets.clients) one.terminate();
service.closeAllConnections();
service.close();
process.stdout.write(`${JSON.stringify({ ...seen, closed })}\n`);
