import { createServer, type Server } from 'node:http';
import type { TestContext } from 'node:test';
import express, { type Express } from 'express';
import { createGateway, type Gateway, type GatewayOptions } from 'turnpike';
import { listenOn } from './service.ts';

export interface HostApp {
  readonly app: Express;
  readonly server: Server;
  readonly port: number;
  /** Without a slash at the end. */
  readonly url: string;
}

/** An Express application of somebody's, on a port of its own, gone after the test. */
export async function startHostApp(t: Pick<TestContext, 'after'>, build: (app: Express) => void): Promise<HostApp> {
  const app = express();
  build(app);
  const server = createServer(app);
  const port = await listenOn(server, 0);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { app, server, port, url: `http://127.0.0.1:${port}` };
}

/** A gateway that is closed after the test. Nothing is logged unless the test asks for it. */
export async function embed(t: Pick<TestContext, 'after'>, options: GatewayOptions): Promise<Gateway> {
  const gateway = await createGateway({ logger: false, ...options });
  t.after(() => gateway.close());
  return gateway;
}
