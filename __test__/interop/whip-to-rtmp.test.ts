/** Chromium to FFmpeg: what a browser publishes by WHIP plays over RTMP, complete, in order and in sync. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestBrowser } from '../helpers/chromium.js';
import { packets, playHashes, probe } from '../helpers/ffmpeg.js';
import { type GatewayProcess, startGateway } from '../helpers/gateway.js';
import { Program } from '../helpers/program.js';
import { RawRtmp } from '../helpers/raw-rtmp.js';
import { flashesAndBeeps, median, skews } from '../helpers/sync.js';
import { sleep, until } from '../helpers/wait.js';

let gateway: GatewayProcess;
let browser: TestBrowser;
let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rtmp-gateway-whip-'));
  gateway = await startGateway();
  browser = await TestBrowser.launch();
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('camera and microphone: H.264 and AAC-LC at 48 kHz, at least 95 % of the frames of 10 s, no decode error', async (t) => {
  const publisher = await browser.publisher(gateway.http);
  const player = playHashes(gateway.rtmpUrl('whip', 'cam'));
  const recording = join(folder, 'cam.flv');
  const { status, body } = await publisher.open(`${gateway.http}/whip/whip/cam`);
  assert.equal(status, 201, body);
  await gateway.untilLive('whip', 'cam');
  const tracks = await probe(gateway.rtmpUrl('whip', 'cam'));
  const audio = tracks.find((track) => track.codec_type === 'audio');
  const video = tracks.find((track) => track.codec_type === 'video');
  assert.deepEqual([audio?.codec_name, audio?.profile, audio?.sample_rate], ['aac', 'LC', '48000']);
  assert.deepEqual([video?.codec_name, video?.width, video?.height], ['h264', 640, 360]);

  const copy = ['-c', 'copy', '-t', '8', '-f', 'flv', recording];
  const recorder = new Program('ffmpeg', [
    '-nostdin',
    '-v',
    'error',
    '-i',
    gateway.rtmpUrl('whip', 'cam'),
    ...copy,
  ]);
  const count = () => packets(player.stdout, 'video').length;
  await until('a steady stream', () => count() > 30);
  const [sent0, got0] = [(await publisher.stats()).video?.framesSent ?? 0, count()];
  await sleep(10_000);
  const [sent1, got1] = [(await publisher.stats()).video?.framesSent ?? 0, count()];
  t.diagnostic(`sent ${sent1 - sent0}, received ${got1 - got0}`);
  assert.ok(sent1 - sent0 > 100, `the browser sent only ${sent1 - sent0} frames`);
  assert.ok(got1 - got0 >= (sent1 - sent0) * 0.95, `received ${got1 - got0} of ${sent1 - sent0}`);
  await recorder.end();
  const decoding = spawnSync('ffmpeg', ['-nostdin', '-v', 'error', '-i', recording, '-f', 'null', '-'], {
    encoding: 'utf8',
  });
  assert.equal(decoding.stderr, '', 'decodes without an error');

  assert.equal(await publisher.delete(), 200);
  await player.end();
  for (const kind of ['video', 'audio'] as const) {
    const dts = packets(player.stdout, kind).map((packet) => packet.dts);
    assert.ok(dts.length > 100);
    for (let i = 1; i < dts.length; i++)
      assert.ok((dts[i] ?? 0) >= (dts[i - 1] ?? 0), `${kind} goes back at packet ${i}`);
  }
  await publisher.close();
});

test('the first picture and the first sound leave within half a second', async (t) => {
  const player = await (await RawRtmp.connect(gateway.rtmpPort)).handshake();
  await player.play('whip', 'first');
  const publisher = await browser.publisher(gateway.http);
  const { status, body } = await publisher.open(`${gateway.http}/whip/whip/first`, { source: 'signal' });
  assert.equal(status, 201, body);
  // 0x17 01: an AVC keyframe; 0xAF 01: an AAC frame (a second byte of 0 is the sequence header).
  const video = await until('a keyframe', () =>
    player.media.find(({ kind, head }) => kind === 'video' && head === 0x1701),
  );
  const audio = await until('sound', () =>
    player.media.find(({ kind, head }) => kind === 'audio' && head === 0xaf01),
  );
  for (const first of [video, audio]) {
    const header = player.media.find(({ kind, head }) => kind === first.kind && (head & 0xff) === 0);
    assert.ok(
      header && player.media.indexOf(header) < player.media.indexOf(first),
      `sequence header of ${first.kind} first`,
    );
  }
  const { connected = Number.NaN } = await publisher.events();
  t.diagnostic(
    `after the connection: picture ${Math.round(video.at - connected)} ms, sound ${Math.round(audio.at - connected)} ms`,
  );
  assert.ok(video.at - connected <= 500, `first picture after ${video.at - connected} ms`);
  assert.ok(audio.at - connected <= 500, `first sound after ${audio.at - connected} ms`);
  await publisher.close();
  player.destroy();
});

test('lip sync towards RTMP: within 60 ms', async (t) => {
  const publisher = await browser.publisher(gateway.http);
  const { status, body } = await publisher.open(`${gateway.http}/whip/whip/sync`, { source: 'signal' });
  assert.equal(status, 201, body);
  await gateway.untilLive('whip', 'sync');
  await sleep(5_000); // past the first sender reports and the slewing that follows them
  const recording = join(folder, 'sync.flv');
  const copy = ['-c', 'copy', '-t', '8', '-f', 'flv', recording];
  const recorder = new Program('ffmpeg', [
    '-nostdin',
    '-v',
    'error',
    '-i',
    gateway.rtmpUrl('whip', 'sync'),
    ...copy,
  ]);
  await recorder.end(30_000);
  const { flashes, beeps } = flashesAndBeeps(recording);
  const measured = skews(flashes, beeps);
  t.diagnostic(`beep minus flash: ${measured.map((ms) => ms.toFixed(0)).join(' ')} ms`);
  assert.ok(measured.length >= 5, `${flashes.length} flashes, ${beeps.length} beeps`);
  assert.ok(Math.abs(median(measured)) <= 60, `the sound is ${median(measured)} ms late`);
  await publisher.close();
});

test('sound alone and picture alone go over, and a muted microphone is silence', async () => {
  for (const only of ['audio', 'video'] as const) {
    const publisher = await browser.publisher(gateway.http);
    const name = `only-${only}`;
    const { status, body } = await publisher.open(`${gateway.http}/whip/whip/${name}`, {
      audio: only === 'audio',
      video: only === 'video',
    });
    assert.equal(status, 201, body);
    await gateway.untilLive('whip', name);
    const tracks = await probe(gateway.rtmpUrl('whip', name));
    assert.deepEqual(
      tracks.map((track) => track.codec_type),
      [only],
    );
    await publisher.close();
  }
});

test('twenty reloads leave no stream, connection or descriptor behind', async () => {
  const { readdirSync } = await import('node:fs');
  const descriptors = () => readdirSync(`/proc/${gateway.program.pid}/fd`).length;
  await until(
    'a quiet gateway',
    async () => (await gateway.json<{ itemCount: number }>('/api/v1/connections')).itemCount === 0,
    { timeoutMs: 40_000 },
  );
  const before = descriptors();
  for (let i = 0; i < 20; i++) {
    const publisher = await browser.publisher(gateway.http);
    assert.equal((await publisher.open(`${gateway.http}/whip/whip/reload${i}`)).status, 201);
    if (i % 2 === 0) await until('a connection', async () => (await publisher.events()).connected);
    await publisher.page.close();
  }
  await until(
    'no connection',
    async () => (await gateway.json<{ itemCount: number }>('/api/v1/connections')).itemCount === 0,
    { timeoutMs: 60_000 },
  );
  await until(
    'no stream',
    async () => (await gateway.json<{ itemCount: number }>('/api/v1/streams')).itemCount === 0,
  );
  await until('no descriptor', () => descriptors() <= before + 1);
});
