import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Arena } from './arena.ts';
import { freePort, type Running, startProcess } from './processes.ts';

/** nginx as a plain reverse proxy with kept-alive connections to the service. */
export async function startNginx({ folder, tools, serviceUrl }: Arena): Promise<Running> {
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder};`);
  writeFileSync(
    file,
    `daemon off;
master_process off;
pid ${folder}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  ${paths.join('\n  ')}
  upstream service { server ${new URL(serviceUrl).host}; keepalive 100; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`,
  );
  const args = ['-c', file, '-e', join(folder, 'nginx.errors')];
  return startProcess(
    { name: 'nginx', folder, port, core: tools.gatewayCore, command: tools.nginx ?? 'nginx', args },
    tools,
  );
}

/** HAProxy with a JWT verified, a limit by subject, a request id and an access log to stdout. */
export async function startHaproxy({ folder, tools, serviceUrl, credential }: Arena): Promise<Running> {
  const port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 4096
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  http-reuse always
  timeout connect 2s
  timeout client 65s
  timeout server 30s
frontend gateway
  bind 127.0.0.1:${port}
  unique-id-format %[uuid()]
  unique-id-header x-request-id
  stick-table type string len 64 size 100k expire 1h store http_req_rate(1h)
  http-request set-var(txn.bearer) http_auth_bearer
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_verify("HS256","${credential.secret}") -m int 1 }
  http-request set-var(txn.sub) var(txn.bearer),jwt_payload_query('$.sub')
  http-request track-sc0 var(txn.sub)
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 1000000000 }
  http-request set-header x-user-id %[var(txn.sub)]
  http-response set-header x-request-id %[unique-id]
  http-response set-header x-content-type-options nosniff
  default_backend service
backend service
  server service ${new URL(serviceUrl).host}
`,
  );
  const options = { name: 'haproxy', folder, port, core: tools.gatewayCore, command: tools.haproxy ?? 'haproxy' };
  return startProcess({ ...options, args: ['-db', '-f', file] }, tools);
}
