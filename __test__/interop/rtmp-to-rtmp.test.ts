/** RTMP in, RTMP out: every player gets the publisher's packets unchanged and in order, whenever it comes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertReceived, packets, playHashes, probe, publishFile } from '../helpers/ffmpeg.js';
import { type GatewayProcess, startGateway } from '../helpers/gateway.js';
import { sampleFile } from '../helpers/sample.js';
import { until } from '../helpers/wait.js';

let gateway: GatewayProcess;
before(async () => {
  gateway = await startGateway();
});
after(() => gateway.stop());

test('players that came first wait, and get every packet in order', async () => {
  const file = sampleFile({ seconds: 6 });
  const url = gateway.rtmpUrl('rtmp', 'early');
  const players = [playHashes(url), playHashes(url), playHashes(url)];
  await gateway.untilPlayers('rtmp', 'early', 3);
  const publisher = publishFile(file, url);
  assert.equal((await publisher.end()).code, 0, publisher.stderr);
  for (const player of players) {
    await assertReceived(player, file);
    const dts = packets(player.stdout, 'video').map((packet) => packet.dts);
    assert.deepEqual(
      dts,
      [...dts].sort((a, b) => a - b),
      'decode times never go back',
    );
  }
});

test('a player that joins late starts at the cached keyframe, sequence headers first', async () => {
  const file = sampleFile({ seconds: 8 });
  const url = gateway.rtmpUrl('rtmp', 'late');
  const publisher = publishFile(file, url);
  const { video } = await gateway.untilLive('rtmp', 'late');
  assert.deepEqual([video?.codec, video?.width, video?.height], ['H264', 640, 360]);
  // In the second group of pictures (60 frames each): far from its keyframe and from the next.
  await until('the second keyframe and a second more', async () => {
    const stream = await gateway.untilLive('rtmp', 'late');
    return (stream.video?.frames ?? 0) >= 95;
  });
  const player = playHashes(url);
  const tracks = await probe(url);
  assert.deepEqual(tracks.map((track) => track.codec_name).sort(), ['aac', 'h264']);
  assert.equal((await publisher.end()).code, 0, publisher.stderr);
  // The group of pictures that was running when the player came, from its keyframe, and nothing missing after it.
  await assertReceived(player, file, { from: 60 });
});

test('streams with only one track play', async () => {
  for (const only of ['video', 'audio'] as const) {
    const file = sampleFile({ seconds: 3, video: only === 'video', audio: only === 'audio' });
    const url = gateway.rtmpUrl('rtmp', `only-${only}`);
    const player = playHashes(url);
    await gateway.untilPlayers('rtmp', `only-${only}`, 1);
    const publisher = publishFile(file, url);
    assert.equal((await publisher.end()).code, 0, publisher.stderr);
    await assertReceived(player, file);
  }
});
