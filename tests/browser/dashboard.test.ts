import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { needsChromium } from '../support/chromium.ts';
import { launchChromium, openDashboard } from '../support/dashboard.ts';
import { startGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts';
import { embed, startHostApp } from '../support/host-app.ts';
import { ask } from '../support/http.ts';
import { type StubHandler, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const KEY = createApiKey();
const OLD_KEY = createApiKey();
const TOKEN = 'an-admin-token-of-enough-length';

/** Answers with the status that the path names. */
const byStatus: StubHandler = (_req, res, { path }) => {
  res.writeHead(Number(/\d{3}/.exec(path)?.[0] ?? 200), { 'cache-control': 'max-age=60' });
  res.end('done');
};

async function startShop(
  t: TestContext,
  more: Partial<TestGatewayOptions> = {},
): Promise<TestGateway & { file: object }> {
  const { url } = await startService(t, byStatus);
  const circuitBreaker = { errorThresholdPercent: 50, minimumRequests: 5, openFor: '60s' };
  const file = {
    consumers: [
      {
        name: 'mobile-app',
        keys: [
          { id: 'new', sha256: hashApiKey(KEY) },
          { id: 'old', sha256: hashApiKey(OLD_KEY), expiresAt: '2020-01-01T00:00:00Z' },
        ],
      },
    ],
    services: { orders: { targets: [url], circuitBreaker }, users: { targets: [url] } },
    routes: [
      { prefix: '/orders', service: 'orders', auth: 'none', retry: false },
      { prefix: '/users', service: 'users', auth: ['api-key'] },
      { prefix: '/news', service: 'users', auth: 'none', cache: { ttl: '1m' } },
    ],
  };
  const gateway = await startGateway(t, { file, ...more });
  return { ...gateway, file };
}

async function askTimes(times: number, url: string, headers: Record<string, string> = {}): Promise<void> {
  for (let i = 0; i < times; i += 1) await ask(url, { headers });
}

/** What stands beside a name in a list of figures or pairs. */
const beside = (page: Page, name: string) =>
  page.locator('dl > div', { has: page.getByText(name, { exact: true }) }).locator('dd');

describe('the dashboard', needsChromium, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());

  test('it shows the requests that were sent, by route', async (t) => {
    const gateway = await startShop(t);
    await askTimes(12, `${gateway.url}/users/200`, { 'x-api-key': KEY });
    await askTimes(3, `${gateway.url}/users/200`);
    await askTimes(2, `${gateway.url}/orders/500`);
    await gateway.overview.sample();
    const { open, page, faults } = await openDashboard(t, browser, gateway.adminUrl);
    await open('routes/%2Fusers');
    assert.match((await beside(page, 'Requests').textContent()) ?? '', /15 in a minute/);
    assert.equal(await beside(page, 'Since start').textContent(), '15');
    await page.locator('.lines li', { hasText: 'unauthenticated' }).getByText('3', { exact: true }).waitFor();
    await open('routes/%2Forders');
    assert.match((await beside(page, 'Requests').textContent()) ?? '', /2 in a minute/);
    assert.match((await beside(page, 'Server errors').textContent()) ?? '', /100 %/);
    await page.getByRole('img', { name: /^Requests per second from .* server errors: now 0?\.?\d+/ }).waitFor();
    await open('consumers');
    await page.locator('tr', { hasText: 'mobile-app' }).getByText('12', { exact: true }).waitFor();
    assert.deepEqual(faults, []);
  });

  test('it shows refused requests with what each stage decided, narrowed down by code', async (t) => {
    const gateway = await startShop(t);
    await ask(`${gateway.url}/users/7`);
    await ask(`${gateway.url}/nowhere?x=<b>`);
    const { open, page, faults } = await openDashboard(t, browser, gateway.adminUrl);
    await open('requests');
    assert.equal(await page.locator('.request').count(), 2);
    await page.getByLabel('Code').selectOption('unauthenticated');
    await until(async () => (await page.locator('.request').count()) === 1);
    await page.locator('.request').click();
    const steps = page.locator('.request-body .step');
    await steps
      .filter({ hasText: 'authenticate' })
      .getByText(/refused: 401 unauthenticated/)
      .waitFor();
    assert.match((await steps.filter({ hasText: 'forward' }).textContent()) ?? '', /not reached/);
    const line = await gateway.line({ path: '/users/7' });
    await page.getByText(String(line['requestId'])).waitFor();
    await page.getByRole('button', { name: 'Explain such a request' }).click();
    await page.getByRole('button', { name: 'Explain', exact: true }).click();
    await page.locator('.verdict', { hasText: 'would be refused: 401 unauthenticated' }).waitFor();
    assert.deepEqual(faults, []);
  });

  test('it explains an expired key that is pasted as a curl line', async (t) => {
    const gateway = await startShop(t);
    const { open, page, faults } = await openDashboard(t, browser, gateway.adminUrl);
    await open('explain');
    const box = page.getByLabel(/A curl line/);
    await box.fill(`curl -s '${gateway.url}/users/7' \\\n  -H 'X-API-Key: ${OLD_KEY}'`);
    await box.press('Control+Enter');
    const verdict = page.locator('.verdict');
    await verdict.getByText('would be refused: 401').waitFor();
    await page
      .locator('.explanation')
      .getByText(/expired/)
      .first()
      .waitFor();
    await box.fill(`GET /users/7\nX-API-Key: ${KEY}`);
    await page.getByRole('button', { name: 'Explain', exact: true }).click();
    await verdict.getByText(/would pass to http/).waitFor();
    await page.locator('.sends .added', { hasText: 'x-consumer-name: mobile-app' }).waitFor();
    await box.fill('curl -d @/etc/passwd localhost/users');
    await page.getByRole('button', { name: 'Explain', exact: true }).click();
    await page.getByText(/a file behind -d @ is not read here/).waitFor();
    assert.equal(gateway.accessLines.length, 0, 'nothing was sent');
    assert.deepEqual(
      faults.filter((fault) => !fault.includes('400')),
      [],
    );
  });

  test('an open circuit is on top, and leads to the service, where it is closed and held open', async (t) => {
    const gateway = await startShop(t);
    await askTimes(8, `${gateway.url}/orders/500`);
    await gateway.overview.sample();
    const { open, page } = await openDashboard(t, browser, gateway.adminUrl);
    await open('');
    assert.match(await page.title(), /^\(\d\) Overview/);
    await page.locator('.notice-link', { hasText: 'the circuit of orders is open' }).click();
    await page.getByRole('heading', { name: 'orders', level: 1 }).waitFor();
    await page.getByText('circuit open').first().waitFor();
    assert.equal((await ask(`${gateway.url}/orders/200`)).status, 503);

    await page.getByRole('button', { name: 'Close…' }).click();
    await page.getByRole('button', { name: 'Close it' }).click();
    await page.getByText('The circuit of orders is closed now').waitFor();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    assert.equal((await ask(`${gateway.url}/orders/200`)).status, 200);

    await page.getByRole('button', { name: 'Hold open…' }).click();
    await page.getByRole('button', { name: 'Hold it open' }).click();
    await page.getByText('The circuit of orders is open now, and held so by hand.').waitFor();
    await page.keyboard.press('Escape');
    assert.equal((await ask(`${gateway.url}/orders/200`)).status, 503);
    await page.getByText('circuit open, held by hand').waitFor();

    await page.getByRole('button', { name: 'Give back…' }).click();
    await page.getByRole('button', { name: 'Give it back' }).click();
    await page.getByRole('dialog').getByText('The circuit of orders is').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('held by hand').waitFor({ state: 'detached' });
  });

  test('a reload is told in words, and a refused one with its place and how to mend it', async (t) => {
    const gateway = await startShop(t);
    const { open, page } = await openDashboard(t, browser, gateway.adminUrl);
    const reload = async () => {
      await page.getByRole('main').getByRole('button', { name: 'Reload…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Reload', exact: true }).click();
    };
    const close = () => page.getByRole('button', { name: 'Close', exact: true }).click();
    await open('reloads');
    const routes = [{ prefix: '/orders', service: 'orders', auth: 'none' }];
    writeFileSync(gateway.routesFile, JSON.stringify({ ...gateway.file, routes }));
    await reload();
    await page
      .getByRole('dialog')
      .getByText(/\/users.*(?:gone|removed|taken)/i)
      .first()
      .waitFor();
    await close();

    const bad = [{ ...routes[0], rateLimit: 1 }];
    writeFileSync(gateway.routesFile, JSON.stringify({ ...gateway.file, routes: bad }, null, 2));
    await reload();
    await page.getByRole('dialog').getByText('Refused: the old configuration stays in force.').waitFor();
    await page
      .getByRole('dialog')
      .getByText(/did you mean "rateLimits"/i)
      .waitFor();
    await close();
    const first = page.locator('.reloads li').first();
    await first.getByText('refused', { exact: true }).waitFor();
    await first.getByText(/routes\.json:\d+:\d+/).waitFor();
    await open('');
    await page.locator('.notice-link', { hasText: 'configuration was refused' }).waitFor();
  });

  test('what is cached is purged', async (t) => {
    const gateway = await startShop(t);
    const cacheOf = async () => (await ask(`${gateway.url}/news/200`)).headers['cache-status'];
    await cacheOf();
    assert.match(String(await cacheOf()), /hit/);
    await gateway.overview.sample();
    const { open, page } = await openDashboard(t, browser, gateway.adminUrl);
    await open('routes/%2Fnews');
    assert.equal(await beside(page, 'Hits').textContent(), '1');
    await page.getByRole('button', { name: 'Purge…' }).click();
    await page.getByRole('button', { name: 'Purge', exact: true }).click();
    await page.getByText('Done: nothing of the cache of /news is given out any more.').waitFor();
    assert.doesNotMatch(String(await cacheOf()), /; *hit/);
  });

  test('an address that names what is not there says so', async (t) => {
    const gateway = await startShop(t);
    const { open, page } = await openDashboard(t, browser, gateway.adminUrl);
    for (const [place, words] of [
      ['routes/%2Fgone', 'No route has this name.'],
      ['services/gone', 'No service has this name.'],
      ['requests?code=nonsense', 'None of those that are kept is like that.'],
      ['gone', 'This address leads to no page of the dashboard.'],
    ] as const) {
      await open(place);
      await page.getByRole('main').getByText(words).waitFor();
      assert.equal(await page.getByRole('alert').count(), 0, place);
    }
  });

  test('the admin token is asked for once, and kept until the tab is closed', async (t) => {
    const gateway = await startShop(t, { env: { ADMIN_TOKEN: TOKEN } });
    const { page, faults, findBarriers } = await openDashboard(t, browser, gateway.adminUrl);
    await page.goto(`${gateway.adminUrl}/#/routes`);
    const box = page.getByLabel('Admin token');
    await box.waitFor();
    assert.deepEqual(await findBarriers(), []);
    assert.equal(await page.locator('main').getByText('/users').count(), 0, 'nothing is told before');
    await box.fill('another-token-that-is-wrong');
    await box.press('Enter');
    await page.getByText('The gateway does not take this token.').waitFor();
    await box.fill(TOKEN);
    await box.press('Enter');
    await page.getByRole('link', { name: '/users' }).waitFor();
    await page.reload();
    await page.getByRole('link', { name: '/users' }).waitFor();
    const kept = await page.evaluate('JSON.stringify([Object.values(localStorage), document.cookie, location.href])');
    assert.ok(!String(kept).includes(TOKEN));
    await page.getByRole('button', { name: 'Forget token' }).click();
    await box.waitFor();
    assert.deepEqual(
      faults.filter((fault) => !fault.includes('401')),
      [],
    );
  });

  test('it hangs below a path of an application, too', async (t) => {
    const route = { prefix: '/users', target: 'http://127.0.0.1:9', auth: 'none' } as const;
    const gateway = await embed(t, { routes: { routes: [route] }, settings: { adminToken: TOKEN } });
    const { url } = await startHostApp(t, (app) => void app.use('/ops', gateway.admin));
    const { page, faults } = await openDashboard(t, browser, url);
    await page.goto(`${url}/ops#/routes`);
    await page.getByLabel('Admin token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: '/users' }).waitFor();
    assert.deepEqual(
      faults.filter((fault) => !fault.includes('401')),
      [],
    );
  });

  test('what clients send is text in the dashboard', async (t) => {
    const evil = `<img src=x onerror="window.hacked=1">`;
    const gateway = await startShop(t);
    await ask(`${gateway.url}/${encodeURIComponent(evil)}`, { headers: { 'user-agent': evil, 'x-api-key': evil } });
    await ask(`${gateway.url}/users`, { headers: { 'user-agent': evil, authorization: `Basic ${evil}` } });
    const { open, page, faults } = await openDashboard(t, browser, gateway.adminUrl);
    await open('requests');
    for (const row of await page.locator('.request').all()) await row.click();
    await page.locator('.request-body').nth(1).getByText(evil).first().waitFor();
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.evaluate('window.hacked'), undefined);
    assert.deepEqual(faults, []);
  });
});
