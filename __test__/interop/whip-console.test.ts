/** Publishing from the console's own page: camera to viewers, the same name again after a reload, screenshots. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../helpers/chromium.js';
import { publishTestSignal } from '../helpers/ffmpeg.js';
import { type GatewayProcess, startGateway } from '../helpers/gateway.js';
import { sleep, until } from '../helpers/wait.js';

const ARTIFACTS = fileURLToPath(new URL('../../artifacts/', import.meta.url));
const PUBLISHER = 'dialog[data-publisher]';

let gateway: GatewayProcess;
let browser: TestBrowser;
before(async () => {
  mkdirSync(ARTIFACTS, { recursive: true });
  gateway = await startGateway();
  browser = await TestBrowser.launch({ bypassCSP: false });
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
});

const shot = (page: Page, name: string) => page.screenshot({ path: `${ARTIFACTS}${name}.png` });

async function openPanel(page: Page, name: string): Promise<void> {
  await page.goto(`${gateway.http}/`);
  await page.locator('[data-action="publish"]').click();
  await page.locator(`${PUBLISHER} input[name="room"]`).fill('studio');
  await page.locator(`${PUBLISHER} input[name="name"]`).fill(name);
}

async function goLive(page: Page): Promise<void> {
  await page.locator('[data-action="publish-start"]').click();
  await page.locator(`${PUBLISHER}[data-state="live"]`).waitFor({ timeout: 20_000 });
}

test('the panel publishes the camera, the list shows it, and the page plays it back', async () => {
  const beside = publishTestSignal(gateway.rtmpUrl('studio', 'encoder'), {
    size: '1280x720',
    x264: ['-bf', '2'],
  });
  const page = await browser.context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  try {
    await openPanel(page, 'anna');
    await goLive(page);
    await gateway.untilLive('studio', 'encoder');
    const row = page.locator('[data-stream="studio/anna"]');
    await row.locator('[data-action="play"]').click();
    await page.locator('video[data-state="playing"][data-name="anna"]').waitFor({ timeout: 20_000 });
    await sleep(4_000); // figures of a few seconds for the screenshots
    const text = (await row.textContent()) ?? '';
    assert.match(text, /H\.264/);
    assert.match(text, /Opus · 48 kHz/);
    assert.match(text, /fps/);
    assert.match(text, /bit\/s/);
    assert.match(text, /1 viewer/);
    assert.match(text, /A\/V/);
    assert.deepEqual(problems, []);
    await shot(page, 'console-publish');
    await page.locator('#theme').click();
    await sleep(300);
    await shot(page, 'console-publish-other-theme');
    await page.setViewportSize({ width: 360, height: 740 });
    await sleep(300);
    assert.ok(((await page.evaluate('document.documentElement.scrollWidth')) as number) <= 360);
    await shot(page, 'console-publish-360');
    await page.locator(PUBLISHER).scrollIntoViewIfNeeded();
    await shot(page, 'console-publish-360-panel');
    await page.locator('#list').evaluate('(list) => list.scrollIntoView()');
    await shot(page, 'console-publish-360-list');
    await page.setViewportSize({ width: 1280, height: 800 });
    const encoder = page.locator('[data-stream="studio/encoder"]');
    await encoder.locator('[data-action="play"]').click();
    await encoder.getByText('Set B-frames to 0 in the encoder.').waitFor({ timeout: 20_000 });
    await until('one line in the log', () => gateway.program.stderr.includes('GW_B_FRAMES'));
    assert.equal(gateway.program.stderr.split('GW_B_FRAMES').length, 2, 'it is said once');
    await shot(page, 'console-advice');
    await page.locator('[data-action="publish-stop"]').click();
    await row.waitFor({ state: 'detached', timeout: 20_000 });
  } finally {
    await page.close();
    await beside.stop();
  }
});

test('the panel works by keyboard alone, and says when the name is taken', async () => {
  const page = await browser.context.newPage();
  await openPanel(page, 'keys');
  await page.keyboard.press('Enter');
  await page.locator(`${PUBLISHER}[data-state="live"]`).waitFor({ timeout: 20_000 });
  const second = await browser.context.newPage();
  await openPanel(second, 'keys');
  await second.keyboard.press('Enter');
  await second.locator(`${PUBLISHER}[data-error="GW_STREAM_TAKEN"]`).waitFor({ timeout: 20_000 });
  await second.close();
  await page.close({ runBeforeUnload: true });
  await until('the stream to end', async () => {
    const { itemCount } = await gateway.json<{ itemCount: number }>('/api/v1/streams');
    return itemCount === 0;
  });
});

test('a page that is reloaded while it publishes gets its name back at once, five times', async () => {
  const page = await browser.context.newPage();
  for (let i = 0; i < 5; i++) {
    await openPanel(page, 'again');
    await goLive(page);
  }
  await page.goto('about:blank');
  await until('no stream and no connection', async () => {
    const counts = await Promise.all(
      ['streams', 'connections'].map((list) => gateway.json<{ itemCount: number }>(`/api/v1/${list}`)),
    );
    return counts.every(({ itemCount }) => itemCount === 0);
  });
  await page.close();
});
