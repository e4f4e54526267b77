// http-proxy-middleware as its README shows it: proxies, and nothing else.
import express from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';

const { PORT, SERVICE_URL } = process.env;
const app = express();
app.use('/api/users', createProxyMiddleware({ target: SERVICE_URL, changeOrigin: true }));
app.listen(Number(PORT), '127.0.0.1');
