import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import type { TestContext } from 'node:test';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { sendAsset, wantsPage } from '../../src/admin/dashboard.ts';
import { type SampleOptions, sampleHistory, sampleOverview, sampleRecent } from './sample-overview.ts';
import { listenOn } from './service.ts';

type Cleanup = Pick<TestContext, 'after'>;

/** The page of a dashboard in a Chromium, and what went wrong there. */
export interface Dashboard {
  readonly page: Page;
  /** Violations of the policy, errors on the console, exceptions, and requests that lead elsewhere. */
  readonly faults: readonly string[];
  /** Goes to a place (`routes`), and waits until it is drawn. */
  open(place: string): Promise<void>;
  /** What axe finds, a line each. */
  findBarriers(): Promise<readonly string[]>;
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

export async function launchChromium(): Promise<Browser> {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  const executablePath = folders.flatMap((one) => NAMES.map((name) => path.join(one, name))).find(existsSync);
  return chromium.launch({
    executablePath: executablePath ?? 'chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
}

/** A new page without a past, closed after the test. */
export async function openDashboard(
  t: Cleanup,
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Dashboard> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  t.after(() => context.close());
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) faults.push(`asked ${request.url()}`);
  });
  return {
    page,
    faults,
    async open(place) {
      await page.goto(`${url}/#/${place}`);
      await page.locator('h1').waitFor();
      await page.locator('.page').waitFor();
    },
    async findBarriers() {
      await page.evaluate(axe.source);
      const { violations } = (await page.evaluate('axe.run()')) as AxeResult;
      return violations.flatMap(({ id, help, nodes }) =>
        nodes.map(({ target }) => `${id}: ${help}: ${target.join(' ')}`),
      );
    },
  };
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly target: readonly string[] }[];
  }[];
}

export interface SampleGateway {
  readonly url: string;
  /** Questions about data so far. */
  readonly asked: readonly string[];
  /** Ends every connection and the port. */
  stop(): Promise<void>;
  /** Listens on the same port again. */
  restart(): Promise<void>;
}

/** An admin port that tells of a gateway that does not exist; the page itself is the real one. */
export async function startSampleGateway(t: Cleanup, options: SampleOptions = {}): Promise<SampleGateway> {
  const asked: string[] = [];
  const answers: Readonly<Record<string, (query: URLSearchParams) => unknown>> = {
    '/overview': () => sampleOverview(options),
    '/history': (query) => sampleHistory(options, Number(query.get('minutes'))),
    '/recent': (query) => sampleRecent(options, Math.min(40, Number(query.get('count')))),
    '/log-level': (query) => ({
      level: query.get('level') ?? 'info',
      ...(query.has('for') && { until: '2030-01-01T00:00:00Z' }),
    }),
  };
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost');
    const isList = pathname === '/' && !wantsPage(req);
    const told = isList ? () => Object.keys(answers) : answers[pathname];
    if (told !== undefined) {
      asked.push(req.url ?? '');
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify(told(searchParams)));
      return;
    }
    const {
      status,
      body,
      type,
      headers = [],
    } = await sendAsset(pathname === '/' ? 'index.html' : pathname.replace('/dashboard/', ''), req);
    res.writeHead(status, ['content-type', String(type), ...headers]);
    res.end(typeof body === 'string' ? body : undefined);
  };
  const create = () => createServer((req, res) => void answer(req, res));
  let server = create();
  const port = await listenOn(server, 0);
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  t.after(stop);
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    stop,
    async restart() {
      server = create();
      await listenOn(server, port);
    },
  };
}
