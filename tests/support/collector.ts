import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { decodeExport, type SpanSeen } from './otlp/decode.ts';
import { until } from './until.ts';

/** How the collector answers. */
export type CollectorAnswer = (res: ServerResponse, nth: number) => void;

/** A request that the collector got. */
export interface ExportSeen {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As text, decoded where it was compressed. */
  readonly text: string;
  readonly atMs: number;
}

/** A collector of OTLP/JSON that takes nothing but what the published definitions allow. */
export interface Collector {
  readonly url: string;
  readonly exports: readonly ExportSeen[];
  /** The attributes of the resource, of the last export. */
  readonly resource: Readonly<Record<string, string | number>>;
  /** Of all exports that were answered 200; throws what was wrong with one. */
  readonly spans: readonly SpanSeen[];
  answer: CollectorAnswer;
  /** Waits for spans, all of which are given. */
  waitFor(enough: (spans: readonly SpanSeen[]) => boolean): Promise<readonly SpanSeen[]>;
}

/** `tls`: key and certificate, for one behind TLS. */
export async function startCollector(t: Pick<TestContext, 'after'>, tls?: ServerOptions): Promise<Collector> {
  const exports: ExportSeen[] = [];
  const spans: SpanSeen[] = [];
  let resource: Readonly<Record<string, string | number>> = {};
  let fault: unknown;

  function take(req: IncomingMessage, res: ServerResponse, body: Buffer): void {
    const isZipped = req.headers['content-encoding'] === 'gzip';
    const text = (isZipped ? gunzipSync(body) : body).toString();
    exports.push({ path: req.url ?? '', headers: req.headers, text, atMs: performance.now() });
    try {
      const decoded = decodeExport(text);
      collector.answer(res, exports.length);
      if (res.statusCode !== 200 || !res.writableEnded) return;
      resource = decoded.resource;
      spans.push(...decoded.spans);
    } catch (error) {
      fault ??= error;
      res.writeHead(400).end();
    }
  }

  const hear = (req: IncomingMessage, res: ServerResponse): void => {
    const pieces: Buffer[] = [];
    req.on('data', (piece: Buffer) => pieces.push(piece));
    req.on('end', () => take(req, res, Buffer.concat(pieces)));
  };
  const server = tls === undefined ? createServer(hear) : createSecureServer(tls, hear);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const collector: Collector = {
    url: `http${tls === undefined ? '' : 's'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exports,
    get resource() {
      return resource;
    },
    get spans() {
      if (fault !== undefined) throw fault;
      return spans;
    },
    answer: takeAll,
    waitFor: (enough) => until(() => (enough(collector.spans) ? collector.spans : undefined)),
  };
  return collector;
}

/** What a collector says that has taken everything. */
export function takeAll(res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}');
}

/** For a gateway that tells this collector of every request, at once. */
export function tracingEnv(collector: Pick<Collector, 'url'>): Record<string, string> {
  return { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '10' };
}

/** Of the spans the one that this is true of; throws where there is none, or more than one. */
export function theSpan(spans: readonly SpanSeen[], isIt: (span: SpanSeen) => boolean): SpanSeen {
  const found = spans.filter(isIt);
  const [only] = found;
  if (only === undefined || found.length > 1)
    throw new Error(`${found.length} such spans among ${spans.map(({ kind, name }) => `${kind} ${name}`).join(', ')}`);
  return only;
}
