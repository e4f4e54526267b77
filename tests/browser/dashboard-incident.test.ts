import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { needsChromium } from '../support/chromium.ts';
import { launchChromium, openDashboard, startSampleGateway } from '../support/dashboard.ts';
import { sampleOverview, sampleRecent } from '../support/sample-overview.ts';
import { until } from '../support/until.ts';

type Told = ReturnType<typeof sampleOverview>;
type Line = ReturnType<typeof sampleRecent>[number] & Readonly<Record<string, unknown>>;

/** Tells the page something else than the sample. */
async function tell(page: Page, what: 'overview' | 'recent', make: () => unknown): Promise<void> {
  await page.route(new RegExp(`/${what}(?:\\?|$)`), (route) => route.fulfill({ json: make() }));
}

const beside = (page: Page, name: string) =>
  page.locator('dl > div', { has: page.getByText(name, { exact: true }) }).locator('dd');

describe('the dashboard in an incident', needsChromium, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());

  test('attempts that fail are told apart from answers that do', async (t) => {
    const gateway = await startSampleGateway(t, { isInTrouble: true });
    const { open, page } = await openDashboard(t, browser, gateway.url);
    await open('services/orders');
    await page.getByText(/Clients saw it: .* requests per second/).waitFor();
    const told = sampleOverview({ isInTrouble: true });
    const routes = told.routes.map((route) => ({ ...route, serverErrorsPerSecond: 0 }));
    await tell(page, 'overview', () => ({ ...told, routes }));
    await page.getByText('retries at other targets saved all of them: no client saw it').waitFor();
    await page.getByRole('img', { name: /^Attempts per second from .* failed attempts: now/ }).waitFor();
  });

  test('a target on trial is not in, and says how it failed; the circuit since when, and why', async (t) => {
    const gateway = await startSampleGateway(t, { isInTrouble: true });
    const { open, page } = await openDashboard(t, browser, gateway.url);
    await open('services/orders');
    await page.getByText('0 of 2 targets in').waitFor();
    const target = page.locator('tr', { hasText: '10.0.1.10' });
    assert.equal(await target.locator('.chip-warn').textContent(), 'on trial');
    assert.match(
      (await target.textContent()) ?? '',
      /headers-timeout \(no head within 3000 ms\) 12 in a row since \d\d:\d\d:\d\d, the last 3 s ago/,
    );
    assert.match((await beside(page, 'Open since').textContent()) ?? '', /\(5 min\)/);
    assert.match(
      (await beside(page, 'Opened by').textContent()) ?? '',
      /37 failures in 72 calls: 36 × headers-timeout/,
    );
    assert.match((await page.locator('.lines li', { hasText: '/api/orders' }).textContent()) ?? '', /40 % failed/);
  });

  test('a notice leads to what it speaks of, and to the requests that show it', async (t) => {
    const gateway = await startSampleGateway(t, { isInTrouble: true });
    const { open, page } = await openDashboard(t, browser, gateway.url);
    await open('');
    const notice = page.locator('.notice', { hasText: 'The circuit of orders' });
    // All of it is the link, its arrow too.
    await notice.locator('.go').click({ force: true });
    await page.getByRole('heading', { name: 'orders', level: 1 }).waitFor();
    await page.goBack();
    await notice.getByRole('link', { name: 'Its requests' }).click();
    await until(() => page.url().endsWith('#/requests?service=orders&code=headers_timeout'));
    await until(() => gateway.asked.some((one) => /^\/recent\?.*code=headers_timeout.*service=orders/.test(one)));
  });

  test('times in notices are those of the browser, as all others are', async (t) => {
    const gateway = await startSampleGateway(t, { isInTrouble: true });
    const { open, page } = await openDashboard(t, browser, gateway.url, { timezoneId: 'Asia/Kolkata' });
    const told = sampleOverview({ at: Date.parse('2026-11-27T21:50:00Z') });
    const text =
      'the circuit of orders is open since 21:39 UTC, and its key expired 2026-11-27T21:49:07.751Z, at 21:49:08 UTC';
    await tell(page, 'overview', () => ({ ...told, notices: [{ severity: 'bad', text, link: null }] }));
    await open('');
    const notice = await page.locator('.notice-bad').textContent();
    assert.match(notice ?? '', /since 03:09, and its key expired 03:19:07, at 03:19:08$/);
  });

  test('which gateway it is stands in the title and beside; dots are red for what is lost', async (t) => {
    const gateway = await startSampleGateway(t, { isInTrouble: true });
    const { open, page } = await openDashboard(t, browser, gateway.url);
    await open('');
    assert.equal(await page.title(), '(2) Overview · gateway-7:8080 · Turnpike');
    await page.locator('.side').getByText('gateway-7:8080').waitFor();
    const dotOf = (name: string) =>
      page.locator('nav a', { hasText: name }).locator('.dot').getAttribute('class') as Promise<string>;
    assert.match(await dotOf('Consumers'), /dot-bad/);
    assert.match(await dotOf('Reloads'), /dot-warn/);
    assert.match(await dotOf('Routes'), /dot-warn/);
    const told = sampleOverview({ isInTrouble: true });
    const routes = told.routes.map((one) => ({ ...one, serverErrorsPerSecond: one.requestsPerSecond }));
    await tell(page, 'overview', () => ({ ...told, routes }));
    await until(async () => (await dotOf('Routes')).includes('dot-bad'));
  });

  test('Redis says where it is and when it was lost; a cache in it is not called empty', async (t) => {
    const gateway = await startSampleGateway(t, { isInTrouble: true });
    const { open, page } = await openDashboard(t, browser, gateway.url);
    const told: Told = sampleOverview({ isInTrouble: true });
    const cache = { hitRate: 0.56, bytes: 0, maxBytes: 67_100_000, entries: 0, store: 'redis' };
    await tell(page, 'overview', () => ({ ...told, cache }));
    await open('');
    assert.equal(await beside(page, 'Address').textContent(), 'redis://10.0.9.1:6379/0');
    await page.locator('.redis-changes li', { hasText: 'no answer to PING within 75 ms' }).waitFor();
    assert.match((await beside(page, 'Stored').textContent()) ?? '', /^in Redis, shared by all instances/);
    assert.equal(await page.getByText('0 B of').count(), 0);
  });

  test('a request that is unfolded stays for as long as it is', async (t) => {
    const gateway = await startSampleGateway(t);
    const { open, page } = await openDashboard(t, browser, gateway.url);
    let list = sampleRecent({ at: Date.now() }, 10) as Line[];
    await tell(page, 'recent', () => list);
    await open('requests');
    await page.locator('.request', { hasText: '/1004?' }).click();
    await page.mouse.move(5, 5);
    list = (sampleRecent({ at: Date.now() + 60_000 }, 10) as Line[]).map((one) => ({
      ...one,
      requestId: `new-${one.requestId}`,
      path: '/new',
    }));
    await page.getByText('No longer among the last').waitFor();
    assert.equal(await page.locator('.request', { hasText: '/new' }).count(), 10);
    await page.locator('.request', { hasText: '/1004?' }).click();
    await page.mouse.move(5, 5);
    await until(async () => (await page.locator('.request').count()) === 10);
  });

  test('the list stands still under the pointer', async (t) => {
    const gateway = await startSampleGateway(t);
    const { open, page } = await openDashboard(t, browser, gateway.url);
    let polls = 0;
    await tell(page, 'recent', () => {
      polls += 1;
      return sampleRecent({ at: Date.now() }, 10).map((one) => ({ ...one, path: `/poll-${polls}` }));
    });
    await open('requests');
    await page.locator('.request').nth(5).hover();
    const first = await page.locator('.request').nth(5).textContent();
    const before = polls;
    await until(() => polls >= before + 2, { timeoutMs: 15_000 });
    assert.equal(await page.locator('.request').nth(5).textContent(), first);
    await page.mouse.move(5, 5);
    await until(async () => (await page.locator('.request').nth(5).textContent()) !== first);
  });

  test('the filter looks at every field of a line, and stands in the address', async (t) => {
    const gateway = await startSampleGateway(t);
    const { open, page } = await openDashboard(t, browser, gateway.url);
    const list = (sampleRecent({ at: Date.now() }, 4) as Line[]).map((one, index) => ({
      ...one,
      target: `http://127.0.0.1:2121${index}`,
    }));
    await tell(page, 'recent', () => list);
    await open('requests');
    await page.keyboard.press('/');
    await page.keyboard.type('21213');
    await until(async () => (await page.locator('.request').count()) === 1);
    await until(() => page.url().endsWith('#/requests?words=21213'));
    await page.reload();
    await until(async () => (await page.locator('.request').count()) === 1);
    await page.getByRole('link', { name: 'Routes' }).click();
    await page.locator('tbody tr').first().waitFor();
    assert.equal(await page.getByRole('searchbox').inputValue(), '');
    await page.getByRole('link', { name: 'Refused & failed' }).click();
    await page.getByLabel('Target').selectOption('http://127.0.0.1:21212');
    await until(async () => (await page.locator('.request').count()) === 1);
  });

  test('codes are counted, narrow the list by a click, and say what they mean in a new tab', async (t) => {
    const gateway = await startSampleGateway(t);
    const { open, page } = await openDashboard(t, browser, gateway.url);
    await open('requests');
    await page.locator('.code-count', { hasText: /rate_limited\s*\d+\/min/ }).click();
    await until(() => page.url().endsWith('#/requests?code=rate_limited'));
    await page.locator('.code-count[aria-current]', { hasText: 'rate_limited' }).waitFor();
    await page.locator('.request').first().click();
    const error = page.locator('.request-body a[target="_blank"]').first();
    assert.match((await error.getAttribute('href')) ?? '', /^errors\/[a-z_]+$/);
    assert.equal(await error.getAttribute('rel'), 'noopener');
  });

  test('a chart stays within its card when the window narrows, and its last time is whole', async (t) => {
    const gateway = await startSampleGateway(t);
    const { open, page } = await openDashboard(t, browser, gateway.url);
    await open('');
    await page.locator('.plot canvas').first().waitFor();
    await page.setViewportSize({ width: 700, height: 900 });
    const sticksOut =
      '[...document.querySelectorAll(".plot")].some((one) => one.getBoundingClientRect().right > one.closest(".chart").getBoundingClientRect().right)';
    assert.equal(await page.evaluate(sticksOut), false);
  });
});
