import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { needsChromium } from '../support/chromium.ts';
import { launchChromium, openDashboard, startSampleGateway } from '../support/dashboard.ts';
import { until } from '../support/until.ts';

const PLACES = [
  '',
  'routes',
  'routes/%2Fapi%2Forders',
  'services',
  'services/orders',
  'consumers',
  'requests',
  'reloads',
  'explain',
  'no-such-page',
  'routes/no-such-route',
];

describe('the page of the dashboard', needsChromium, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe finds nothing on any page, in ${colorScheme}`, async (t) => {
      const gateway = await startSampleGateway(t, { isInTrouble: true });
      const { open, page, findBarriers, faults } = await openDashboard(t, browser, gateway.url, { colorScheme });
      for (const place of PLACES) {
        await open(place);
        if (place === 'requests') await page.locator('.request').first().click();
        if (place === '') await page.locator('.values summary').first().click();
        assert.deepEqual(faults, [], place);
        assert.deepEqual(await findBarriers(), [], `#/${place}`);
      }
    });
  }

  test('axe finds nothing where it is idle, on a phone, and in a dialog', async (t) => {
    const gateway = await startSampleGateway(t, { isIdle: true });
    const { open, page, findBarriers } = await openDashboard(t, browser, gateway.url, {
      viewport: { width: 360, height: 740 },
    });
    await open('');
    assert.deepEqual(await findBarriers(), []);
    await page.getByRole('button', { name: 'Reload…' }).click();
    await page.getByRole('dialog').waitFor();
    assert.deepEqual(await findBarriers(), []);
  });

  for (const [what, evil] of [
    ['', ''],
    [', however long names are', 'a-name-that-goes-on-without-any-place-where-a-line-could-end-'.repeat(3)],
  ] as const) {
    test(`nothing is wider than a phone of 360 pixels${what}`, async (t) => {
      const gateway = await startSampleGateway(t, { isInTrouble: true, evil });
      const { open, page } = await openDashboard(t, browser, gateway.url, { viewport: { width: 360, height: 740 } });
      const widths: Record<string, unknown> = {};
      for (const place of PLACES) {
        await open(place);
        if (place === 'requests') await page.locator('.request').first().click();
        widths[place] = await page.evaluate('document.documentElement.scrollWidth');
      }
      assert.deepEqual(widths, Object.fromEntries(PLACES.map((place) => [place, 360])));
    });
  }

  test('what clients and services have written stays text', async (t) => {
    const evil = `"'><img src=x onerror="window.hacked=1"><script>window.hacked=1</script><svg onload="window.hacked=1">`;
    const gateway = await startSampleGateway(t, { isInTrouble: true, evil });
    const { open, page, faults } = await openDashboard(t, browser, gateway.url);
    const places = [
      ...PLACES,
      `routes/${encodeURIComponent(`/api/users${evil}`)}`,
      `requests?code=${encodeURIComponent(evil)}`,
    ];
    for (const place of places) {
      await open(place);
      if (place.startsWith('requests')) {
        await page.locator('.request').first().click();
        await page.locator('.request-body').waitFor();
      }
      assert.equal(await page.evaluate('window.hacked'), undefined, place);
      assert.equal(await page.locator('img, #app script, #app svg[onload]').count(), 0, place);
    }
    await open('requests');
    await page.locator('.request', { hasText: evil }).first().waitFor();
    assert.deepEqual(faults, []);
  });

  test('two requests with one ID stay two, however often it is drawn', async (t) => {
    const gateway = await startSampleGateway(t, { at: Date.now() });
    const { open, page } = await openDashboard(t, browser, gateway.url);
    await open('requests');
    const twins = page.locator('.request', { hasText: /100[23]\?/ });
    await twins.nth(1).click();
    const polls = () => gateway.asked.filter((one) => one.startsWith('/recent')).length;
    const first = polls();
    await until(() => polls() >= first + 3, { timeoutMs: 20_000 });
    assert.equal(await page.locator('.request').count(), 40);
    assert.equal(await twins.count(), 2);
  });

  test('a link from data that leads elsewhere is none', async (t) => {
    const gateway = await startSampleGateway(t, { isInTrouble: true });
    const { open, page } = await openDashboard(t, browser, gateway.url);
    for (const place of PLACES) {
      await open(place);
      const links = (await page.evaluate('[...document.links].map((link) => link.getAttribute("href"))')) as string[];
      assert.deepEqual(
        links.filter((link) => !/^(?:#\/|errors\/[a-z_]+$)/.test(link)),
        [],
        place,
      );
    }
  });

  test('all of it is reached by the keyboard, and nothing holds the focus', async (t) => {
    const gateway = await startSampleGateway(t, { isInTrouble: true, at: Date.now() });
    const { open, page } = await openDashboard(t, browser, gateway.url);
    const focused = () =>
      page.evaluate(
        'document.activeElement.textContent + document.activeElement.getAttribute("aria-label")',
      ) as Promise<string>;
    await open('');
    await page.keyboard.press('Tab');
    assert.match(await focused(), /^Skip to the content/);
    await until(() => page.evaluate('document.activeElement.getBoundingClientRect().top >= 0'));
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate('document.activeElement.id'), 'main');
    const count = (await page.evaluate(
      'document.querySelectorAll("main :is(a, button, input, select, textarea, summary)").length',
    )) as number;
    assert.ok(count > 30);
    const reached = new Set<unknown>();
    for (let step = 0; step < count; step += 1) {
      await page.keyboard.press('Tab');
      reached.add(
        await page.evaluate(
          '[...document.querySelectorAll("main :is(a, button, input, select, textarea, summary)")].indexOf(document.activeElement)',
        ),
      );
      const ring = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
      assert.equal(ring, 'solid', `the focus is seen on: ${await focused()}`);
    }
    assert.equal(reached.size, count);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.closest("main")'), null, 'it goes on behind the end');
  });

  test('a slash leads to the filter, which narrows the rows; a head sorts by Enter', async (t) => {
    const gateway = await startSampleGateway(t, { routes: 30 });
    const { open, page } = await openDashboard(t, browser, gateway.url);
    await open('routes');
    await page.keyboard.press('/');
    await page.keyboard.type('api media-');
    const names = () => page.locator('tbody tr .name').allTextContents();
    await until(async () => (await names()).every((name) => name.includes('media-')));
    assert.equal((await names()).length, 2);
    await page.getByText('2 of 30 routes').waitFor();
    await page.keyboard.press('Escape');
    await until(async () => (await names()).length === 30);
    await page.getByRole('button', { name: 'Route', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.locator('th[aria-sort="ascending"]').waitFor();
    const sorted = await names();
    assert.equal(sorted[0], '/api/billing');
    await page.keyboard.press('Enter');
    await page.locator('th[aria-sort="descending"]').waitFor();
    assert.deepEqual(await names(), sorted.toReversed());
  });

  test('Escape leaves a dialog with nothing done, and the focus is where it was', async (t) => {
    const gateway = await startSampleGateway(t, { isInTrouble: true });
    const { open, page } = await openDashboard(t, browser, gateway.url);
    await open('services/orders');
    const button = page.getByRole('button', { name: 'Hold open…' });
    await button.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('Hold the circuit of orders open?').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Hold open…');
  });

  test('a thousand routes are quick: few are drawn, and a poll costs little', async (t) => {
    const gateway = await startSampleGateway(t, { routes: 1000, services: 100 });
    const { open, page } = await openDashboard(t, browser, gateway.url);
    await open('routes');
    assert.equal(await page.locator('tbody tr').count(), 50);
    assert.ok(((await page.evaluate('document.querySelectorAll("*").length')) as number) < 2500);
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    const seconds = async () => {
      const { metrics } = await session.send('Performance.getMetrics');
      return metrics.find(({ name }) => name === 'ScriptDuration')?.value ?? 0;
    };
    const polls = () => gateway.asked.filter((one) => one === '/overview').length;
    const [first, before] = [polls(), await seconds()];
    await until(() => polls() >= first + 3, { timeoutMs: 20_000 });
    const each = ((await seconds()) - before) / (polls() - first);
    assert.ok(each < 0.15, `${each} s of scripts for each poll`);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('51–100 of 1,000').waitFor();
  });

  test('it says so when the gateway does not answer, asks more seldom, and goes on by itself', async (t) => {
    const gateway = await startSampleGateway(t);
    const { open, page } = await openDashboard(t, browser, gateway.url);
    await open('');
    await gateway.stop();
    await page.getByRole('alert').getByText('The gateway does not answer.').waitFor();
    await page
      .getByRole('alert')
      .getByText(/Next try in [48] s/)
      .waitFor();
    assert.equal(await page.locator('.figures').count(), 1, 'what was told last is still there');
    await gateway.restart();
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.getByRole('alert').waitFor({ state: 'detached' });
  });

  test('nothing is asked while it is paused', async (t) => {
    const gateway = await startSampleGateway(t);
    const { open, page } = await openDashboard(t, browser, gateway.url);
    await open('');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.locator('.status', { hasText: 'paused' }).waitFor();
    await until(() => gateway.asked.length > 0);
    const count = gateway.asked.length;
    await page.waitForTimeout(4500);
    assert.ok(gateway.asked.length <= count + 2, 'at most what was under way');
    await page.getByRole('button', { name: 'Go on' }).click();
    await until(() => gateway.asked.length > count + 2, { timeoutMs: 10_000 });
  });

  test('nothing is asked while nobody looks', async (t) => {
    const gateway = await startSampleGateway(t);
    const { open, page } = await openDashboard(t, browser, gateway.url);
    await open('');
    const look = (isHidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`,
      );
    await look(true);
    const count = gateway.asked.length;
    await page.waitForTimeout(4500);
    assert.ok(gateway.asked.length <= count + 3, 'at most what was under way');
    const before = gateway.asked.length;
    await look(false);
    await until(() => gateway.asked.length > before, { timeoutMs: 1500 });
  });

  test('the log level is chosen where the gateway can change it, also for a while', async (t) => {
    const gateway = await startSampleGateway(t);
    const { open, page } = await openDashboard(t, browser, gateway.url);
    await open('');
    const select = page.getByLabel('Log level');
    assert.equal(await select.inputValue(), 'level=info');
    await select.selectOption({ label: 'debug, 10 min' });
    await page.getByText('The log level is debug now.').waitFor({ state: 'attached' });
    assert.ok(gateway.asked.includes('/log-level?level=debug&for=10m'));
    assert.equal(await select.inputValue(), 'level=debug&for=10m');
  });

  test('the colours are those of the system, until somebody chooses, and stay so', async (t) => {
    const gateway = await startSampleGateway(t);
    const { open, page } = await openDashboard(t, browser, gateway.url, { colorScheme: 'dark' });
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    await open('');
    const dark = await ground();
    await page.getByRole('button', { name: 'Theme: auto' }).click();
    await page.getByRole('button', { name: 'Theme: light' }).waitFor();
    const light = await ground();
    assert.notEqual(light, dark);
    await page.reload();
    await page.locator('.page').waitFor();
    assert.equal(await ground(), light);
    await page.getByRole('button', { name: 'Theme: light' }).click();
    assert.equal(await ground(), dark);
  });
});
