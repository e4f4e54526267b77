// The service, where nginx is missing.
import { createServer } from 'node:http';

const { PORT, ANSWER } = process.env;
const body = Buffer.from(ANSWER);
const head = ['content-type', 'application/json', 'content-length', String(body.length)];

createServer({ keepAliveTimeout: 600_000 }, (req, res) => {
  req.resume();
  res.writeHead(200, head);
  res.end(body);
}).listen(Number(PORT), '127.0.0.1');
