/** WHIP requests that cannot be served, and publishers that go silent: one clear error or state each. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withBystander } from '../helpers/bystander.js';
import { TestBrowser } from '../helpers/chromium.js';
import { type GatewayProcess, startGateway } from '../helpers/gateway.js';
import { offer, postOffer } from '../helpers/sdp.js';
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

const sending = (sdp: string) => sdp.replaceAll('a=recvonly', 'a=sendonly');
const h264 = sending(
  offer([
    { kind: 'video', codec: 'H264' },
    { kind: 'audio', codec: 'opus' },
  ]),
);
const count = async (list: string) =>
  (await gateway.json<{ itemCount: number }>(`/api/v1/${list}`)).itemCount;

test('a taken name, VP8 alone, no media', () =>
  withBystander(gateway, async () => {
    const publisher = await browser.publisher(gateway.http);
    assert.equal((await publisher.open(`${gateway.http}/whip/faults/a`)).status, 201);
    await gateway.untilLive('faults', 'a');
    const taken = await postOffer(`${gateway.http}/whip/faults/a`, h264);
    assert.deepEqual([taken.status, taken.problem.code], [409, 'GW_STREAM_TAKEN']);
    const vp8 = await postOffer(
      `${gateway.http}/whip/faults/vp8`,
      sending(offer([{ kind: 'video', codec: 'VP8' }])),
    );
    assert.deepEqual([vp8.status, vp8.problem.code], [406, 'GW_UNSUPPORTED_VIDEO_CODEC']);
    const nothing = await postOffer(`${gateway.http}/whip/faults/nothing`, h264.slice(0, h264.indexOf('m=')));
    assert.deepEqual([nothing.status, nothing.problem.code], [400, 'GW_SDP_INVALID']);
    await publisher.close();
  }));

test('a peer that never connects is gone after 30 s, and its name is free again', async () => {
  const { status, body } = await postOffer(`${gateway.http}/whip/faults/ghost`, h264);
  assert.equal(status, 201, body);
  await sleep(1_000);
  await until('the ghost to be gone', async () => (await count('connections')) === 0, {
    timeoutMs: 40_000,
    everyMs: 500,
  });
  assert.equal((await postOffer(`${gateway.http}/whip/faults/ghost`, h264)).status, 201);
});

test('a publisher that vanishes ends its stream', async () => {
  const publisher = await browser.publisher(gateway.http);
  assert.equal((await publisher.open(`${gateway.http}/whip/faults/gone`)).status, 201);
  await gateway.untilLive('faults', 'gone');
  await publisher.page.close();
  await until('the stream to end', async () => (await count('streams')) === 0, {
    timeoutMs: 40_000,
    everyMs: 500,
  });
});
