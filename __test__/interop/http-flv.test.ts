/** RTMP in, FLV over HTTP out, pulled by real FFmpeg: every packet unchanged, and the way there by redirect. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertReceived, packets, playHashes, probe, publishFile } from '../helpers/ffmpeg.js';
import { type GatewayProcess, startGateway } from '../helpers/gateway.js';
import { sampleFile } from '../helpers/sample.js';
import { until } from '../helpers/wait.js';

let gateway: GatewayProcess;
let flv: string;
before(async () => {
  gateway = await startGateway();
  const server = await gateway.json<{ flv: { host: string; port: number } }>('/api/v1/server');
  flv = `http://${server.flv.host}:${server.flv.port}`;
});
after(() => gateway.stop());

test('a player that waits gets every packet in order, and a late one from the keyframe on', async () => {
  const file = sampleFile({ seconds: 8 });
  const path = '/flv/flv/demo.flv';
  const early = playHashes(`${flv}${path}?wait=20`);
  await until('the waiting player', async () => {
    const { items } = await gateway.json<{ items: { state: string; protocol: string }[] }>(
      '/api/v1/connections',
    );
    return items.some(({ state, protocol }) => state === 'waiting' && protocol === 'flv');
  });
  const publisher = publishFile(file, gateway.rtmpUrl('flv', 'demo'));
  await until('the second keyframe and a second more', async () => {
    const stream = await gateway.untilLive('flv', 'demo');
    return (stream.video?.frames ?? 0) >= 95;
  });
  const late = playHashes(`${flv}${path}`);
  // By way of the API's port.
  const tracks = await probe(`${gateway.http}${path}`);
  assert.deepEqual(tracks.map((track) => track.codec_name).sort(), ['aac', 'h264']);
  assert.equal((await publisher.end()).code, 0, publisher.stderr);
  await assertReceived(early, file);
  await assertReceived(late, file, { from: 60 });
  const dts = packets(early.stdout, 'video').map((packet) => packet.dts);
  assert.deepEqual(
    dts,
    [...dts].sort((a, b) => a - b),
    'decode times never go back',
  );
});

test('streams with only one track play', async () => {
  for (const only of ['video', 'audio'] as const) {
    const file = sampleFile({ seconds: 3, video: only === 'video', audio: only === 'audio' });
    const player = playHashes(`${flv}/flv/flv/only-${only}.flv?wait=20`);
    const publisher = publishFile(file, gateway.rtmpUrl('flv', `only-${only}`));
    assert.equal((await publisher.end()).code, 0, publisher.stderr);
    await assertReceived(player, file);
  }
});

test('what is not there is said as problem details', async () => {
  const response = await fetch(`${flv}/flv/flv/nobody.flv`);
  assert.equal(response.status, 404);
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  assert.equal(((await response.json()) as { code: string }).code, 'GW_STREAM_NOT_FOUND');
});
