/** A WHIP stream while it is live: FFmpeg decodes it as it comes, pages hear it, one track alone goes, silence shows. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestBrowser } from '../helpers/chromium.js';
import { type GatewayProcess, type StreamItem, startGateway } from '../helpers/gateway.js';
import { Program } from '../helpers/program.js';
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

async function publish(name: string, options = {}) {
  const publisher = await browser.publisher(gateway.http);
  const { status, body } = await publisher.open(`${gateway.http}/whip/live/${name}`, options);
  assert.equal(status, 201, body);
  await gateway.untilLive('live', name);
  return publisher;
}

interface Shown extends StreamItem {
  state: 'live' | 'stalled';
  idleMs: number;
  skewMs?: number;
}

const shown = (name: string) => gateway.json<Shown>(`/api/v1/streams/live/${name}`);

test('FFmpeg decodes the live stream strictly for 10 s, at least 95 % of its frames, and hears it', async (t) => {
  const publisher = await publish('camera');
  const sent = async () => (await publisher.stats()).video?.framesEncoded ?? 0;
  const quiet = [
    '-nostdin',
    '-hide_banner',
    '-loglevel',
    'error',
    '-stats_period',
    '0.1',
    '-progress',
    'pipe:1',
  ];
  const ffmpeg = new Program('ffmpeg', [
    ...[...quiet, '-xerror', '-err_detect', 'explode', '-i', gateway.rtmpUrl('live', 'camera')],
    // Milliseconds: in units of a frame, what FFmpeg guesses of a camera's rate makes two pictures one.
    ...['-map', '0:v', '-fps_mode', 'passthrough', '-enc_time_base:v', '1:1000'],
    ...['-map', '0:a', '-f', 'null', '-'],
  ]);
  const decoded = () => Number(/.*^frame=\s*(\d+)$/ms.exec(ffmpeg.stdout)?.[1] ?? 0);
  await until('the first pictures', () => decoded() > 15);
  const [sent0, decoded0] = [await sent(), decoded()];
  await sleep(10_000);
  const [sent1, decoded1] = [await sent(), decoded()];
  t.diagnostic(`the browser sent ${sent1 - sent0} frames, FFmpeg decoded ${decoded1 - decoded0}`);
  assert.ok(sent1 - sent0 >= 100, `the browser itself sent only ${sent1 - sent0} frames in 10 s`);
  assert.ok(
    decoded1 - decoded0 >= (sent1 - sent0) * 0.95,
    `${decoded1 - decoded0} of ${sent1 - sent0} frames`,
  );
  await ffmpeg.stop('SIGINT');
  assert.equal(ffmpeg.stderr, '', 'FFmpeg complains about nothing');

  const volume = new Program('ffmpeg', [
    ...['-nostdin', '-hide_banner', '-i', gateway.rtmpUrl('live', 'camera')],
    ...['-t', '4', '-vn', '-af', 'volumedetect', '-f', 'null', '-'],
  ]);
  await volume.end();
  const loudest = Number(/max_volume: (-?[\d.]+) dB/.exec(volume.stderr)?.[1]);
  const { state, skewMs } = await shown('camera');
  t.diagnostic(`the loudest sound is at ${loudest} dB; skew ${skewMs} ms`);
  assert.ok(loudest > -40, `the fake microphone beeps, but the loudest sound is at ${loudest} dB`);
  assert.equal(state, 'live');
  assert.ok(Math.abs(skewMs ?? Number.NaN) <= 60, `the API says that the skew is ${skewMs} ms`);
  await publisher.close();
});

test('another page hears what a page publishes', async (t) => {
  const publisher = await publish('tone', { source: 'signal' });
  const viewer = await browser.viewer(gateway.http);
  assert.equal((await viewer.open(`${gateway.http}/whep/live/tone`)).status, 201);
  await until('the first pictures', async () => ((await viewer.stats()).video?.framesDecoded ?? 0) > 10);
  // The beep is there for a tenth of each second: some looks at the spectrum miss it.
  const tone = await until('the beep of 1 kHz', async () => {
    const { hz, db } = await viewer.tone(0.5);
    return Math.abs(hz - 1_000) < 10 && db > -70 ? { hz, db } : undefined;
  });
  t.diagnostic(`${tone.hz.toFixed(0)} Hz at ${tone.db.toFixed(0)} dB`);
  await viewer.close();
  await publisher.close();
});

for (const only of ['video', 'audio'] as const) {
  test(`${only} alone goes from page to page`, async () => {
    const name = `only-${only}`;
    const publisher = await publish(name, { video: only === 'video', audio: only === 'audio' });
    const viewer = await browser.viewer(gateway.http);
    const { status, body } = await viewer.open(`${gateway.http}/whep/live/${name}`);
    assert.equal(status, 201, body);
    await until(`the ${only}`, async () => {
      const { video, audio } = await viewer.stats();
      return only === 'video' ? (video?.framesDecoded ?? 0) > 30 : (audio?.packetsReceived ?? 0) > 50;
    });
    const stream = await shown(name);
    assert.deepEqual([!!stream.video, !!stream.audio], [only === 'video', only === 'audio']);
    await viewer.close();
    await publisher.close();
  });
}

test('a publisher that stays but sends nothing is shown as stalled until it sends again', async () => {
  const publisher = await publish('pause');
  const senders = `publishers.${publisher.id}.pc.getSenders()`;
  await publisher.page.evaluate(`window.tracks = ${senders}.map((sender) => sender.track)`);
  await publisher.page.evaluate(`Promise.all(${senders}.map((sender) => sender.replaceTrack(null)))`);
  await until('the state "stalled"', async () => (await shown('pause')).state === 'stalled');
  await publisher.page.evaluate(
    `Promise.all(${senders}.map((sender, index) => sender.replaceTrack(tracks[index])))`,
  );
  const frames = (await shown('pause')).video?.frames ?? 0;
  await until('more pictures', async () => {
    const { state, video } = await shown('pause');
    return state === 'live' && (video?.frames ?? 0) > frames + 30;
  });
  await publisher.close();
});
