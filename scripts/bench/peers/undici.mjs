// What a proxy in Node costs at the very least: node:http in front, an undici Pool behind, nothing in between.
import { createServer } from 'node:http';
import { Pool } from 'undici';

const { PORT, SERVICE_URL } = process.env;
const pool = new Pool(SERVICE_URL, { pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });

class Exchange {
  constructor(req, res) {
    this.req = req;
    this.res = res;
  }
  onRequestStart() {}
  onResponseStart(_controller, status, headers) {
    const flat = [];
    for (const name in headers) if (name !== 'connection' && name !== 'keep-alive') flat.push(name, headers[name]);
    this.res.writeHead(status, flat);
  }
  onResponseData(controller, chunk) {
    if (this.res.write(chunk)) return;
    controller.pause();
    this.res.once('drain', () => controller.resume());
  }
  onResponseEnd() {
    this.res.end();
  }
  onResponseError() {
    this.res.destroy();
  }
}

createServer({ keepAliveTimeout: 65_000 }, (req, res) => {
  const hasBody = req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined;
  const headers = ['x-forwarded-for', req.socket.remoteAddress];
  if (req.headers['content-length'] !== undefined) headers.push('content-length', req.headers['content-length']);
  const request = { method: req.method, path: req.url, headers, body: hasBody ? req : null };
  pool.dispatch(request, new Exchange(req, res));
}).listen(Number(PORT), '127.0.0.1');
