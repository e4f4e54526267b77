import { parseArgs } from 'node:util';
import { startStub } from '../src/dev/stub-service.ts';
import { parseDurationMs } from '../src/schema-values.ts';

const USAGE = `A service to try the gateway with: it answers with what it received, as JSON.

  npm run stub -- --port 4001 --name users [--host 0.0.0.0] [--fail 30%] [--delay 2s]

  --port   where it listens; 0 picks a free port
  --host   on which address; default 127.0.0.1. A gateway in a container comes from outside: 0.0.0.0
  --name   what it calls itself
  --fail   answers 500 to this share of the requests
  --delay  waits this long before each answer

  Paths: /health  /stream (server-sent events)  /graphql  /slow?ms=500  /status/503  and POST /stop, which ends it
  A WebSocket gets every message back.
`;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4001' },
    host: { type: 'string', default: '127.0.0.1' },
    name: { type: 'string', default: 'stub' },
    fail: { type: 'string', default: '0%' },
    delay: { type: 'string', default: '0ms' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const port = Number(values.port);
const failPercent = Number(/^(\d{1,3}(?:\.\d+)?)%$/.exec(values.fail)?.[1]);
const delayMs = parseDurationMs(values.delay);

if (values.help || !Number.isInteger(port) || !(failPercent <= 100) || delayMs === undefined) {
  console.log(USAGE);
  process.exitCode = values.help ? 0 : 2;
} else {
  await run(port, delayMs);
}

async function run(at: number, delayMs: number): Promise<void> {
  try {
    const stub = await startStub({
      name: values.name,
      port: at,
      host: values.host,
      failRatio: failPercent / 100,
      delayMs,
    });
    console.log(`${values.name} listens on http://localhost:${stub.port}`);
    process.once('SIGINT', () => void stub.stop());
    process.once('SIGTERM', () => void stub.stop());
  } catch (error) {
    console.error(`${values.name} can't listen on ${at}: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
