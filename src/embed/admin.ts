import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AdminSource, refusal } from '../admin/answer.ts';
import { createAdminHandler } from '../admin/server.ts';

const NO_TOKEN = refusal('forbidden', {
  detail: 'Set adminToken in the settings of createGateway: without it nobody is answered here.',
});

/**
 * The admin pages for an application's own server. The process shows them on a loopback address to whoever is there;
 * here anybody may come, and a Host is easily forged, so without a token there are none.
 */
export function createOpenAdmin(source: AdminSource): (req: IncomingMessage, res: ServerResponse) => void {
  if (source.deps.settings.adminToken !== undefined) return createAdminHandler(source);
  return (_req, res) => {
    res.writeHead(NO_TOKEN.status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    res.end(`${JSON.stringify(NO_TOKEN.body, undefined, 2)}\n`);
  };
}
