/** The same publisher comes again, as a phone that changes network does: its players stay and time goes on. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { packets, playHashes, publishTestSignal } from '../helpers/ffmpeg.js';
import { type GatewayProcess, startGateway } from '../helpers/gateway.js';
import { until } from '../helpers/wait.js';

let gateway: GatewayProcess;
before(async () => {
  gateway = await startGateway();
});
after(() => gateway.stop());

test('a second FFmpeg of the same address takes the name over; the player of the first plays on', async () => {
  const url = gateway.rtmpUrl('takeover', 'cam');
  const small = { fps: 10, gop: 10, size: '160x120' };
  const first = publishTestSignal(url, small);
  const publisherOf = async () => {
    const { items } = await gateway.json<{ items: { name: string; publisher: { connectionId: number } }[] }>(
      '/api/v1/streams',
    );
    return items.find(({ name }) => name === 'cam')?.publisher.connectionId;
  };
  await gateway.untilLive('takeover', 'cam');
  const player = playHashes(url);
  const received = () => packets(player.stdout, 'video');
  await until('pictures of the first', () => received().length > 15);
  const before = await publisherOf();

  const second = publishTestSignal(url, small);
  try {
    await until('the second to have the name', async () => {
      const now = await publisherOf();
      return now !== undefined && now !== before;
    });
    await until('the first to be closed', () => first.hasEnded);
    const count = received().length;
    await until('pictures of the second', () => received().length > count + 20);
    assert.equal(player.hasEnded, false);
    assert.equal((await gateway.untilLive('takeover', 'cam')).players, 1);
    const dts = received().map((packet) => packet.dts);
    assert.deepEqual(
      dts,
      [...dts].sort((a, b) => a - b),
      'decode times never go back',
    );
    assert.match(gateway.program.stderr, /GW_PUBLISHER_REPLACED/);
  } finally {
    await Promise.all([first, second, player].map((program) => program.stop('SIGKILL')));
  }
});
