/**
 * Sends requests at a fixed rate, whether answers come or not, and prints the latencies counted from when each was due:
 * a stall is charged to every request that should have been sent meanwhile. Runs as a process of its own, on the core
 * of the load: `node open-loop.ts '{"port":…,"path":…,"headers":{…},"rate":…,"seconds":…}'`.
 */
import { connect, type Socket } from 'node:net';

interface Options {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly rate: number;
  readonly seconds: number;
}

const CONNECTIONS = 50;
const HEAD_END = '\r\n\r\n';
/** How long to wait for the last answers. */
const GRACE_MS = 3_000;

const options = JSON.parse(process.argv[2] as string) as Options;
const lines = Object.entries(options.headers).map(([name, value]) => `${name}: ${value}\r\n`);
const request = `GET ${options.path} HTTP/1.1\r\nHost: 127.0.0.1:${options.port}\r\n${lines.join('')}\r\n`;
const states = new Map<Socket, { dueAtMs: number; received: string }>();
const idle: Socket[] = [];
const waiting: number[] = [];
const latencies: number[] = [];
let failures = 0;

for (let i = 0; i < CONNECTIONS; i++) open();
setTimeout(start, 200);

function open(): void {
  const socket = connect(options.port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
  const state = { dueAtMs: 0, received: '' };
  states.set(socket, state);
  socket.on('connect', () => idle.push(socket));
  socket.on('error', () => {
    failures += 1;
  });
  socket.on('data', (chunk) => {
    state.received += String(chunk);
    if (!isComplete(state.received)) return;
    if (!state.received.startsWith('HTTP/1.1 200')) failures += 1;
    latencies.push(performance.now() - state.dueAtMs);
    state.received = '';
    const next = waiting.shift();
    if (next === undefined) idle.push(socket);
    else send(socket, next);
  });
}

function send(socket: Socket, dueAtMs: number): void {
  (states.get(socket) as { dueAtMs: number }).dueAtMs = dueAtMs;
  socket.write(request);
}

function isComplete(received: string): boolean {
  const end = received.indexOf(HEAD_END);
  if (end < 0) return false;
  const length = /content-length: (\d+)/i.exec(received)?.[1];
  if (length === undefined) throw new Error('the open loop reads answers with Content-Length only');
  return received.length >= end + HEAD_END.length + Number(length);
}

function start(): void {
  const startedAtMs = performance.now();
  const total = options.rate * options.seconds;
  let sent = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    while (sent < total) {
      const dueAtMs = startedAtMs + (sent * 1000) / options.rate;
      if (dueAtMs > now) return;
      sent += 1;
      const socket = idle.pop();
      if (socket === undefined) waiting.push(dueAtMs);
      else send(socket, dueAtMs);
    }
    if (latencies.length < total && now < startedAtMs + options.seconds * 1000 + GRACE_MS) return;
    clearInterval(timer);
    finish(total);
  }, 1);
}

function finish(total: number): void {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const missing = total - latencies.length;
  const result = { p50: at(0.5), p99: at(0.99), max: at(1), failures: failures + missing };
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
}
