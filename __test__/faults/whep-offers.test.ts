/** WHEP requests that cannot be served: one problem document each (RFC 9457), and nobody else notices. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withBystander } from '../helpers/bystander.js';
import { publishTestSignal } from '../helpers/ffmpeg.js';
import { type GatewayProcess, startGateway } from '../helpers/gateway.js';
import { offer, postOffer } from '../helpers/sdp.js';
import { sleep } from '../helpers/wait.js';

let gateway: GatewayProcess;
before(async () => {
  gateway = await startGateway();
});
after(() => gateway.stop());

const both = offer([
  { kind: 'video', codec: 'H264' },
  { kind: 'audio', codec: 'opus' },
]);

async function expectProblem(
  url: string,
  sdp: string,
  status: number,
  code: string,
  type?: string,
): Promise<void> {
  const answer = await postOffer(url, sdp, type);
  assert.equal(answer.status, status, `${code}: ${answer.body}`);
  assert.match(answer.contentType, /^application\/problem\+json/);
  assert.equal(answer.problem.code, code);
  assert.equal(answer.problem.status, status);
  assert.ok(answer.problem.title, 'a title for people');
}

test('broken offers and offers without a common codec', () =>
  withBystander(gateway, async () => {
    const publisher = publishTestSignal(gateway.rtmpUrl('offers', 'a'), { fps: 10, size: '160x120' });
    try {
      await gateway.untilLive('offers', 'a');
      const url = `${gateway.http}/whep/offers/a`;
      const video = both.slice(both.indexOf('m=video'), both.indexOf('m=audio'));
      const broken = {
        words: 'hello',
        'half a line': both.slice(0, 300),
        'no fingerprint': both.replace(/^a=fingerprint.*\r\n/gm, ''),
        'no credentials': both.replace(/^a=ice-(ufrag|pwd).*\r\n/gm, ''),
        'no media': both.slice(0, both.indexOf('m=')),
        'a flood of media': both + video.repeat(5_000),
        zeros: '\0'.repeat(2_000),
      };
      for (const [what, sdp] of Object.entries(broken)) {
        const answer = await postOffer(url, sdp);
        assert.ok([400, 413].includes(answer.status), `${what}: ${answer.status} ${answer.body}`);
        assert.match(answer.problem.code ?? '', /^GW_(SDP_[A-Z]+|BODY_TOO_LARGE)$/, what);
      }
      await expectProblem(url, offer([{ kind: 'video', codec: 'VP8' }]), 406, 'GW_NO_COMMON_CODEC');
      const old = offer([
        { kind: 'video', codec: 'VP8' },
        { kind: 'audio', codec: 'PCMU' },
      ]);
      await expectProblem(url, old, 406, 'GW_NO_COMMON_CODEC');
      await expectProblem(url, both, 415, 'GW_UNSUPPORTED_MEDIA_TYPE', 'text/plain');
      // One kind of media alone is a fine wish.
      assert.equal((await postOffer(url, offer([{ kind: 'audio', codec: 'opus' }]))).status, 201);
      assert.equal((await postOffer(url, offer([{ kind: 'video', codec: 'H264' }]))).status, 201);
    } finally {
      await publisher.stop();
    }
  }));

test('a stream that does not exist: 404 at once, or after the time it was waited for', () =>
  withBystander(gateway, async () => {
    await expectProblem(`${gateway.http}/whep/nobody/here`, both, 404, 'GW_STREAM_NOT_FOUND');
    const started = Date.now();
    await expectProblem(`${gateway.http}/whep/nobody/here?wait=2`, both, 404, 'GW_STREAM_NOT_FOUND');
    const waited = Date.now() - started;
    assert.ok(waited >= 1_900 && waited < 5_000, `waited ${waited} ms`);
    await expectProblem(`${gateway.http}/whep/nobody/here?wait=soon`, both, 400, 'GW_REQUEST_INVALID');
    await expectProblem(`${gateway.http}/whep/nobody/%2e%2e%2fx`, both, 400, 'GW_NAME_INVALID');
    await expectProblem(`${gateway.http}/whep/nobody/a%20b`, both, 400, 'GW_NAME_INVALID');
  }));

test('a viewer that waits gets the stream when it comes', async () => {
  const waiting = postOffer(`${gateway.http}/whep/late/a?wait=20`, both);
  await sleep(500);
  const publisher = publishTestSignal(gateway.rtmpUrl('late', 'a'), { fps: 10, size: '160x120' });
  try {
    const { status, body, location } = await waiting;
    assert.equal(status, 201, body);
    assert.match(body, /H264/);
    assert.equal((await fetch(new URL(location ?? '', gateway.http), { method: 'DELETE' })).status, 200);
  } finally {
    await publisher.stop();
  }
});
