import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { CliIo } from '../../src/cli/io.ts';
import { runCli } from '../../src/cli.ts';

export interface Said {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line in this process; nothing of the real environment is seen. */
export async function runCommand(argv: readonly string[], io: Partial<CliIo> = {}): Promise<Said> {
  let out = '';
  let err = '';
  const code = await runCli(argv, {
    env: {},
    out: (text) => {
      out += text;
      return true;
    },
    err: (text) => {
      err += text;
    },
    ...io,
  });
  return { code, out, err };
}

/** What a scripted admin port answers by path: an object as JSON, or the whole of it. */
export type Script = Readonly<Record<string, (req: IncomingMessage, url: URL) => Scripted>>;
export type Scripted = { readonly status?: number; readonly body?: unknown; readonly text?: string } | 'silence';

export interface ScriptedAdmin {
  readonly url: string;
  /** `METHOD /path?query`, in the order they came. */
  readonly asked: readonly string[];
  /** Fields of the last request. */
  readonly lastHeaders: () => IncomingMessage['headers'];
}

/** An admin port that says what a test has it say. */
export async function startAdmin(t: Pick<TestContext, 'after'>, script: Script): Promise<ScriptedAdmin> {
  const asked: string[] = [];
  let headers: IncomingMessage['headers'] = {};
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '/', 'http://admin');
    asked.push(`${req.method} ${req.url}`);
    ({ headers } = req);
    req.resume();
    const answer = script[url.pathname]?.(req, url) ?? { status: 404, body: { code: 'not_found', detail: 'Nothing.' } };
    if (answer === 'silence') return;
    const { status = 200, body, text = JSON.stringify(body) } = answer;
    res.writeHead(status, { 'content-type': 'application/json' }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked, lastHeaders: () => headers };
}
