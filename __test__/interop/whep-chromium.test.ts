/** FFmpeg to Chromium: the picture decodes at full rate and the tone is heard, not just "connected". */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestBrowser } from '../helpers/chromium.js';
import { publishTestSignal } from '../helpers/ffmpeg.js';
import { type GatewayProcess, startGateway } from '../helpers/gateway.js';
import { sleep, until } from '../helpers/wait.js';

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

test('at least 95 % of the frames sent in 10 s are decoded, and the 440 Hz tone is audible', async (t) => {
  const publisher = publishTestSignal(gateway.rtmpUrl('show', 'camera'));
  try {
    await gateway.untilLive('show', 'camera');
    const viewer = await browser.viewer(gateway.http);
    const { status, body } = await viewer.open(`${gateway.http}/whep/show/camera`);
    assert.equal(status, 201, body);
    await until('the first pictures', async () => ((await viewer.stats()).video?.framesDecoded ?? 0) > 30);
    await sleep(1_000); // past the catching up that follows a join

    const [sent0, before] = [publisher.framesSent, await viewer.stats()];
    const tone = await viewer.tone(2);
    await sleep(8_000);
    const [sent1, after] = [publisher.framesSent, await viewer.stats()];
    const sent = sent1 - sent0;
    const decoded = (after.video?.framesDecoded ?? 0) - (before.video?.framesDecoded ?? 0);
    const events = await viewer.events();
    t.diagnostic(
      `sent ${sent}, decoded ${decoded}, tone ${tone.hz.toFixed(0)} Hz at ${tone.db.toFixed(0)} dB`,
    );
    t.diagnostic(`posted to connected ${Math.round((events.connected ?? 0) - (events.posted ?? 0))} ms`);
    assert.ok(sent >= 250, `the publisher itself sent only ${sent} frames in 10 s`);
    assert.ok(decoded >= sent * 0.95, `decoded ${decoded} of ${sent} frames`);
    assert.deepEqual([after.width, after.height], [640, 360]);
    assert.equal(after.video?.freezeCount ?? 0, 0, 'no freeze');
    assert.ok(Math.abs(tone.hz - 440) < 5, `the strongest frequency is ${tone.hz} Hz`);
    assert.ok(
      tone.db > -60 && tone.db - tone.floorDb > 40,
      `the tone is at ${tone.db} dB, the floor at ${tone.floorDb} dB`,
    );
    await viewer.close();
  } finally {
    await publisher.stop();
  }
});

test('a viewer that wants only one kind of media gets just that', async () => {
  const publisher = publishTestSignal(gateway.rtmpUrl('show', 'half'));
  try {
    await gateway.untilLive('show', 'half');
    const ears = await browser.viewer(gateway.http);
    assert.equal((await ears.open(`${gateway.http}/whep/show/half`, { video: false })).status, 201);
    const eyes = await browser.viewer(gateway.http);
    assert.equal((await eyes.open(`${gateway.http}/whep/show/half`, { audio: false })).status, 201);
    await until(
      'sound without a picture',
      async () => ((await ears.stats()).audio?.packetsReceived ?? 0) > 50,
    );
    await until('a picture without sound', async () => ((await eyes.stats()).video?.framesDecoded ?? 0) > 30);
    assert.equal((await ears.stats()).video, undefined);
    assert.equal((await eyes.stats()).audio, undefined);
    const tone = await ears.tone();
    assert.ok(Math.abs(tone.hz - 440) < 5, `the strongest frequency is ${tone.hz} Hz`);
    await ears.close();
    await eyes.close();
  } finally {
    await publisher.stop();
  }
});

test('a stream with only one track plays, though the viewer asks for both', async () => {
  for (const only of ['video', 'audio'] as const) {
    const name = `just-${only}`;
    const options = { video: only === 'video', audio: only === 'audio' };
    const publisher = publishTestSignal(gateway.rtmpUrl('show', name), options);
    try {
      await gateway.untilLive('show', name);
      const viewer = await browser.viewer(gateway.http);
      const { status, body } = await viewer.open(`${gateway.http}/whep/show/${name}`);
      assert.equal(status, 201, body);
      await until(`the ${only} alone`, async () => {
        const stats = await viewer.stats();
        return only === 'video'
          ? (stats.video?.framesDecoded ?? 0) > 30
          : (stats.audio?.packetsReceived ?? 0) > 50;
      });
      await viewer.close();
    } finally {
      await publisher.stop();
    }
  }
});
