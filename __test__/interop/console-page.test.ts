/** The page at `/`: lists the live stream, plays it, and is photographed into artifacts/. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TestBrowser } from '../helpers/chromium.js';
import { publishTestSignal } from '../helpers/ffmpeg.js';
import { type GatewayProcess, startGateway } from '../helpers/gateway.js';
import { sleep, until } from '../helpers/wait.js';

const ARTIFACTS = fileURLToPath(new URL('../../artifacts/', import.meta.url));

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

test('the page shows a stream and plays it', async () => {
  const publisher = publishTestSignal(gateway.rtmpUrl('demo', 'camera'), { size: '1280x720' });
  try {
    await gateway.untilLive('demo', 'camera');
    const page = await browser.context.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(`${gateway.http}/`);
    const row = page.locator('[data-stream="demo/camera"]');
    await row.waitFor({ timeout: 15_000 });
    await row.locator('[data-action="play"]').click();
    await page.locator('video[data-state="playing"]').waitFor({ timeout: 20_000 });
    const played = () => page.evaluate('document.querySelector("video").currentTime') as Promise<number>;
    const from = await played();
    await until('the picture to move on', async () => (await played()) > from + 2);
    await page.locator('[data-action="unmute"]').first().click();
    assert.equal(
      await page.evaluate('document.querySelector("video").muted'),
      false,
      'sound can be switched on',
    );
    await sleep(500);
    await page.screenshot({ path: `${ARTIFACTS}console.png` });
    await page.setViewportSize({ width: 360, height: 740 });
    await sleep(300);
    assert.ok(
      ((await page.evaluate('document.documentElement.scrollWidth')) as number) <= 360,
      'nothing sticks out at a width of 360 pixels',
    );
    await page.screenshot({ path: `${ARTIFACTS}console-360.png` });
    assert.deepEqual(problems, []);
    await page.close();
  } finally {
    await publisher.stop();
  }
});

test('a link with room and name plays at once', async () => {
  const publisher = publishTestSignal(gateway.rtmpUrl('demo', 'linked'));
  try {
    await gateway.untilLive('demo', 'linked');
    const page = await browser.context.newPage();
    await page.goto(`${gateway.http}/?room=demo&name=linked`);
    await page.locator('video[data-state="playing"][data-name="linked"]').waitFor({ timeout: 20_000 });
    await page.close();
  } finally {
    await publisher.stop();
  }
});
