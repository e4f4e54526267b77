import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { parse } from 'jsonc-parser';
import { startGateway } from '../../tests/support/gateway.ts';

const PAGE = readFileSync(new URL('../../docs/recipes.md', import.meta.url), 'utf8');

/** The first fragment below a heading of docs/recipes.md, as a file of routes. */
function readRecipe(heading) {
  const [, text] = new RegExp(`^## ${heading}\\n[\\s\\S]*?^\`\`\`jsonc?\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(PAGE) ?? [];
  if (text === undefined) throw new Error(`docs/recipes.md has no recipe ${heading}`);
  const value = parse(text.trim().startsWith('{') ? text : `{${text}}`);
  return 'routes' in value ? value : { routes: [value] };
}

/** A gateway with the recipe as it is printed, its targets alone replaced, and nothing in its way but what it says. */
export function startRecipe(t, heading, targets, options = {}) {
  let text = JSON.stringify(readRecipe(heading));
  for (const [written, real] of Object.entries(targets)) {
    if (!text.includes(written)) throw new Error(`the recipe ${heading} has no ${written}`);
    text = text.replaceAll(written, real);
  }
  return startGateway(t, { ...options, file: { ...JSON.parse(text), ...options.file } });
}

/** The same with several targets in one service, balanced as `balance` says. */
export function startBalancedRecipe(t, heading, urls, balance, options = {}) {
  const [{ target: _, ...route }] = readRecipe(heading).routes;
  const services = { trial: { targets: urls, balance } };
  return startGateway(t, { ...options, file: { services, routes: [{ ...route, service: 'trial' }] } });
}

/** A listener on a free port of loopback, gone after the test; answers its address. */
export async function listen(t, listener) {
  const server = typeof listener === 'function' ? createServer(listener) : listener;
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    // Upgraded ones too, for which the end of a server would wait.
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}
