import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Running, startProcess } from './processes.ts';
import type { Tools } from './tools.ts';

/** What the service answers to every request: 100 bytes. */
export const ANSWER = JSON.stringify({ id: 42, name: 'Ada Lovelace', role: 'admin', note: 'x'.repeat(44) });

const NGINX_CONFIGURATION = (port: number, folder: string) => `
daemon off;
master_process off;
pid ${folder}/service.pid;
error_log ${folder}/service.nginx.err;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_body_temp_path ${folder};
  proxy_temp_path ${folder};
  fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder};
  scgi_temp_path ${folder};
  server {
    listen 127.0.0.1:${port} backlog=4096;
    default_type application/json;
    location / { return 200 '${ANSWER}'; }
  }
}
`;

/** The service behind every gateway: nginx, which costs next to nothing, or else a stub. */
export async function startService(folder: string, tools: Tools): Promise<Running> {
  const port = await freePort();
  const common = { name: 'service', port, folder, core: tools.otherCore };
  if (tools.nginx === undefined) {
    const stub = join(import.meta.dirname, 'peers', 'service.mjs');
    return startProcess(
      { ...common, command: process.execPath, args: [stub], env: { PORT: String(port), ANSWER } },
      tools,
    );
  }
  const file = join(folder, 'service.conf');
  writeFileSync(file, NGINX_CONFIGURATION(port, folder));
  return startProcess(
    { ...common, command: tools.nginx, args: ['-c', file, '-e', join(folder, 'service.err')] },
    tools,
  );
}
