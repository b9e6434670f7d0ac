/** A live stream beside a scenario: whatever the scenario does, this stream must not lose a packet. */
import assert from 'node:assert/strict';
import { assertReceived, playHashes, publishFile } from './ffmpeg.js';
import type { GatewayProcess } from './gateway.js';
import { sampleFile } from './sample.js';
import { until } from './wait.js';

/** Long enough for the scenario and its two FFmpegs to start. */
const SECONDS = 8;

/** Runs `scenario` while a stream plays, then checks that its player got every packet in order. */
export async function withBystander(
  gateway: GatewayProcess,
  scenario: () => Promise<void>,
  seconds = SECONDS,
): Promise<void> {
  const file = sampleFile({ seconds });
  const name = `b${Date.now().toString(36)}`;
  const url = gateway.rtmpUrl('bystander', name);
  const player = playHashes(url);
  // The player comes first, or it rightly misses the sound before its first keyframe.
  await gateway.untilPlayers('bystander', name, 1);
  const publisher = publishFile(file, url);
  try {
    await until('the bystander to play', () => player.stdout.includes('\n0,'));
    await scenario();
    assert.equal(publisher.hasEnded, false, 'the scenario must fit into the time of the bystander');
    assert.equal((await publisher.end()).code, 0, publisher.stderr);
    await assertReceived(player, file);
  } finally {
    await Promise.all([publisher.stop('SIGKILL'), player.stop('SIGKILL')]);
  }
}
