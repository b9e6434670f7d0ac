/** The parts in worker threads: each makes its own objects, and their end takes nothing with it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { RtmpChunkReader } from '../../index.js';
import { rtmpCapture } from './parts-fixtures.js';

/** Reads the bytes it is given, keeps all messages and ends. */
const WORKER = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.addon).then(({ RtmpChunkReader, VideoJitterBuffer }) => {
  globalThis.kept = [new RtmpChunkReader().push(workerData.bytes), new VideoJitterBuffer()];
  parentPort.postMessage(globalThis.kept[0]);
});
`;

test('workers read messages and end, one after the other and at once', async () => {
  const bytes = rtmpCapture();
  const wanted = new RtmpChunkReader().push(bytes);
  const addon = new URL('../../index.js', import.meta.url).href;
  const run = async () => {
    const worker = new Worker(WORKER, { eval: true, workerData: { addon, bytes } });
    const ended = once(worker, 'exit');
    const [messages] = (await once(worker, 'message')) as [{ body: Uint8Array }[]];
    assert.deepEqual(
      messages.map(({ body }) => Buffer.from(body)),
      wanted.map(({ body }) => body),
    );
    assert.deepEqual(await ended, [0]);
  };
  await run();
  await Promise.all([run(), run(), run()]);
  await run();
  assert.deepEqual(new RtmpChunkReader().push(bytes), wanted);
});
