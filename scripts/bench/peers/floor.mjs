// What a Node server costs at the very least: it answers by itself.
import { createServer } from 'node:http';

const { PORT, ANSWER } = process.env;
const head = ['content-type', 'application/json', 'content-length', String(ANSWER.length)];

createServer({ keepAliveTimeout: 65_000 }, (_req, res) => {
  res.writeHead(200, head);
  res.end(ANSWER);
}).listen(Number(PORT), '127.0.0.1');
