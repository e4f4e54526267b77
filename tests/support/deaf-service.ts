import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';

/** Listens with the shortest queue, says where, and never again takes anything off it. */
const PROGRAM = `
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('node:fs').writeSync(1, String(server.address().port));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

/** More than the queue holds: whoever comes after them waits for an answer to its SYN. */
const FILLERS = 6;

/** A service whose machine neither takes nor refuses a connection, as behind a firewall that drops packets. */
export async function startDeafService(t: Pick<TestContext, 'after'>): Promise<{ readonly url: string }> {
  const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(said.toString());
  const fillers = Array.from({ length: FILLERS }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  t.after(() => {
    for (const filler of fillers) filler.destroy();
    child.kill('SIGKILL');
  });
  await Promise.all(fillers.slice(0, 2).map((filler) => once(filler, 'connect')));
  return { url: `http://127.0.0.1:${port}` };
}
