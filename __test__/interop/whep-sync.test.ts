/** Lip sync towards browsers: a flash and a beep that FFmpeg sent together are seen and heard together. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestBrowser } from '../helpers/chromium.js';
import { type GatewayProcess, startGateway } from '../helpers/gateway.js';
import { Program } from '../helpers/program.js';
import { FLASH_AND_BEEP, median, skews } from '../helpers/sync.js';
import { sleep, until } from '../helpers/wait.js';

const SECONDS = 8;
/** Chromium moves sound and picture together in steps of some seconds, the slower the busier the machine is. */
const WINDOWS = 3;
/** Delay of a decoded frame until the display, and of sound in the audio stack, differ by this much from run to run. */
const LIMIT_MS = 60;

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

test('sound and picture of an RTMP publisher agree in the browser within 60 ms', async (t) => {
  const encode = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-tune',
    'zerolatency',
    '-g',
    '30',
    '-pix_fmt',
    'yuv420p',
    '-bf',
    '0',
  ];
  const url = gateway.rtmpUrl('sync', 'a');
  const publisher = new Program('ffmpeg', [
    '-nostdin',
    '-v',
    'error',
    ...FLASH_AND_BEEP,
    ...encode,
    '-c:a',
    'aac',
    '-f',
    'flv',
    url,
  ]);
  try {
    await gateway.untilLive('sync', 'a');
    const viewer = await browser.viewer(gateway.http);
    const own = (await viewer.page.evaluate('calibrateSync(5)')) as { flashes: number[]; beeps: number[] };
    const error = median(skews(own.flashes, own.beeps));
    assert.equal((await viewer.open(`${gateway.http}/whep/sync/a`)).status, 201);
    await until('pictures', async () => ((await viewer.stats()).video?.framesDecoded ?? 0) > 30);
    // Chromium learns of the skew from sender reports and mends half of it every few seconds.
    await sleep(10_000);
    let skew = Number.POSITIVE_INFINITY;
    for (let window = 1; window <= WINDOWS && Math.abs(skew) > LIMIT_MS; window++) {
      const { flashes, beeps } = await viewer.flashesAndBeeps(SECONDS);
      const measured = skews(flashes, beeps);
      assert.ok(measured.length >= SECONDS - 3, `${flashes.length} flashes, ${beeps.length} beeps`);
      skew = median(measured) - error;
      t.diagnostic(
        `window ${window}: beep minus flash ${median(measured).toFixed(0)} ms, ` +
          `of which the meter itself ${error.toFixed(0)} ms: ${skew.toFixed(0)} ms`,
      );
    }
    assert.ok(Math.abs(skew) <= LIMIT_MS, `the sound is ${skew} ms late`);
  } finally {
    await publisher.stop('SIGKILL');
  }
});
