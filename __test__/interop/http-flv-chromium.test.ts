/** HTTP-FLV in real Chromium, through mpegts.js, from a page of another origin. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { TestBrowser } from '../helpers/chromium.js';
import { publishTestSignal } from '../helpers/ffmpeg.js';
import { type GatewayProcess, startGateway } from '../helpers/gateway.js';
import { until } from '../helpers/wait.js';

const MPEGTS = createRequire(import.meta.url).resolve('mpegts.js/dist/mpegts.js');

let gateway: GatewayProcess;
let browser: TestBrowser;
before(async () => {
  gateway = await startGateway();
  browser = await TestBrowser.launch();
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
});

test('mpegts.js plays a live stream with picture and sound', async () => {
  const publisher = publishTestSignal(gateway.rtmpUrl('web', 'player'), {
    fps: 30,
    gop: 30,
    size: '320x180',
  });
  try {
    await gateway.untilLive('web', 'player');
    const { flv } = await gateway.json<{ flv: { host: string; port: number } }>('/api/v1/server');
    const page = await browser.context.newPage();
    // The console's origin has another port: the player needs CORS.
    await page.goto(`${gateway.http}/`);
    await page.addScriptTag({ path: MPEGTS });
    const url = `http://${flv.host}:${flv.port}/flv/web/player.flv`;
    await page.evaluate(`(() => {
      const video = document.body.appendChild(document.createElement('video'));
      video.id = 'flv';
      video.muted = true;
      window.problems = [];
      const player = mpegts.createPlayer({ type: 'flv', isLive: true, url: ${JSON.stringify(url)} });
      player.on(mpegts.Events.ERROR, (...problem) => window.problems.push(JSON.stringify(problem)));
      player.on(mpegts.Events.MEDIA_INFO, (info) => { window.mediaInfo = info; });
      player.attachMediaElement(video);
      player.load();
      player.play();
    })()`);
    const time = () => page.evaluate('document.querySelector("#flv").currentTime') as Promise<number>;
    await until('the first picture', async () => (await time()) > 0);
    const from = await time();
    await until('two seconds more', async () => (await time()) > from + 2);
    const [width, height, problems, info] = (await page.evaluate(
      '[document.querySelector("#flv").videoWidth, document.querySelector("#flv").videoHeight, problems, mediaInfo]',
    )) as [number, number, string[], { hasAudio: boolean; hasVideo: boolean; audioCodec: string }];
    assert.deepEqual([width, height, problems], [320, 180, []]);
    assert.deepEqual([info.hasAudio, info.hasVideo, info.audioCodec], [true, true, 'mp4a.40.2']);
    await page.close();
  } finally {
    await publisher.stop();
  }
});
