import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsChromium, openPage } from '../support/chromium.ts';
import { startGateway } from '../support/gateway.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const folder = join(import.meta.dirname, '../../scripts/demo/page');

/** What the functions that run in the page use of it. */
declare const document: {
  readonly body: object;
  getElementById(id: string): { readonly textContent: string } | null;
  querySelector(selector: string): { click(): void } | null;
};
declare function getComputedStyle(element: object): { readonly fontFamily: string };

/** Runs in the page: what it shows once its API has answered. */
function shown(): { title: string; answer: string; font: string } {
  const textOf = (id: string): string => document.getElementById(id)?.textContent ?? '';
  return { title: textOf('title'), answer: textOf('answer'), font: getComputedStyle(document.body).fontFamily };
}

test('a page of a single file and its API, both behind the gateway, in a browser', needsChromium, async (t) => {
  const page = await openPage(t);
  const service = await startService(t, (req, res) => res.end(`product at ${req.url}`));
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/page', files: { folder, fallback: 'index.html', immutable: '/assets/' }, auth: 'none' },
        { prefix: '/public/products', target: service.url, auth: 'none' },
      ],
    },
  });
  const site = `http://www.shop.test:${gateway.port}`;
  const shows = (title: string, answer: string) =>
    until(async () => {
      const now = await page.run(shown);
      return now.title === title && now.answer === answer && now.font.includes('system-ui');
    });
  const asked = (path: string): number =>
    gateway.accessLines.filter((line) => (JSON.parse(line) as { path: string }).path === path).length;

  await page.goto(`${site}/page`);
  await shows('Product list', '200\nproduct at /');
  assert.equal((await gateway.line({ path: '/page' })).status, 301);

  // A link of the page itself asks for no other page; the same address typed in does, and gets the fallback.
  await page.run(() => document.querySelector('nav a[href$="7"]')?.click());
  await shows('Product 7', '200\nproduct at /7');
  assert.equal(asked('/page/products/7'), 0);
  await page.goto(`${site}/page/products/8`);
  await shows('Product 8', '200\nproduct at /8');
  assert.equal((await gateway.line({ path: '/page/products/8' })).status, 200);

  // What never changes under its name was asked for once, however many pages need it.
  assert.deepEqual([asked('/page/assets/page-1.js'), asked('/page/assets/page-1.css')], [1, 1]);
  assert.ok((await page.screenshot()).length > 0);
});
