// Takes traces as a collector of OpenTelemetry does, and prints each as a tree: `node docs/examples/trace-receiver.mjs`.
// Listens on OTLP's own port; another one by PORT.
import { createServer } from 'node:http';

const KINDS = ['', 'internal', 'server', 'client'];
const waiting = new Map();

createServer(async (req, res) => {
  const pieces = [];
  for await (const piece of req) pieces.push(piece);
  const { resourceSpans = [] } = JSON.parse(Buffer.concat(pieces).toString());
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((one) => one.spans));
  for (const [id, own] of Map.groupBy(spans, ({ traceId }) => traceId)) {
    waiting.set(id, [...(waiting.get(id) ?? []), ...own]);
  }
  res.setHeader('content-type', 'application/json').end('{}');
  for (const [id, own] of waiting) if (own.some(({ kind }) => kind === 2)) printTrace(id, own);
}).listen(Number(process.env.PORT ?? 4318), '127.0.0.1', function listening() {
  console.log(`takes traces at http://127.0.0.1:${this.address().port}/v1/traces`);
});

function printTrace(id, spans) {
  waiting.delete(id);
  console.log(`trace ${id}`);
  const known = new Set(spans.map(({ spanId }) => spanId));
  for (const root of spans.filter(({ parentSpanId }) => !known.has(parentSpanId))) printSpan(root, spans, '  ');
}

function printSpan(span, spans, indent) {
  const ms = Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6;
  const find = (name) => Object.values(span.attributes.find(({ key }) => key === name)?.value ?? {})[0];
  const told = ['http.response.status_code', 'turnpike.code', 'error.type', 'url.full'].map(find).filter(Boolean);
  console.log(`${indent}${KINDS[span.kind]} ${span.name}  ${ms.toFixed(2)} ms  ${[...new Set(told)].join(' ')}`);
  const children = spans.filter(({ parentSpanId }) => parentSpanId === span.spanId);
  children.sort((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)));
  for (const child of children) printSpan(child, spans, `${indent}  `);
}
