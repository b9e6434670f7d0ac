/** WHIP over HTTP; what it shares with WHEP is tested there. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { ErrorCode } from '../../src/errors.js';
import type { AccessRequest } from '../../src/orchestration/authorize.js';
import { SESSION_ID } from '../helpers/ts-fake-engine.js';
import { httpOnFake } from '../helpers/ts-http.js';

const sdp = { 'content-type': 'application/sdp' };
const sessionUrl = `/whip/live/demo/${SESSION_ID}`;

test('POST answers 201, PATCH 204 or 200, DELETE 200', async (t) => {
  const { app, engine } = await httpOnFake(t);
  const created = await app.inject({
    method: 'POST',
    url: '/whip/live/demo',
    headers: sdp,
    payload: 'v=0 offer',
  });
  assert.equal(created.statusCode, 201);
  assert.equal(created.headers.location, sessionUrl);
  assert.equal(created.headers.etag, '"tag1"');
  assert.equal(created.headers['access-control-allow-origin'], '*');
  assert.deepEqual(engine.publisherRequests, [
    { room: 'live', name: 'demo', offer: 'v=0 offer', remoteAddress: '127.0.0.1' },
  ]);
  const headers = { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '"tag1"' };
  const trickled = await app.inject({ method: 'PATCH', url: sessionUrl, headers, payload: 'a=candidate:1' });
  assert.equal(trickled.statusCode, 204);
  assert.equal((await app.inject({ method: 'DELETE', url: sessionUrl })).statusCode, 200);
  assert.equal((await app.inject({ method: 'DELETE', url: sessionUrl })).statusCode, 404);
});

const engineErrors: [ErrorCode, number][] = [
  ['GW_STREAM_TAKEN', 409],
  ['GW_UNSUPPORTED_VIDEO_CODEC', 406],
  ['GW_SDP_INVALID', 400],
  ['GW_SDP_INSECURE', 400],
  ['GW_TOO_MANY_SESSIONS', 503],
];
for (const [code, status] of engineErrors) {
  test(`the engine's ${code} is ${status}`, async (t) => {
    const { app, engine } = await httpOnFake(t);
    engine.failure = `${code}: because`;
    const response = await app.inject({
      method: 'POST',
      url: '/whip/live/demo',
      headers: sdp,
      payload: 'v=0',
    });
    assert.deepEqual([response.statusCode, response.json().code], [status, code]);
  });
}

test('hostile_78_the_hook_is_asked_before_anything_is_made', async (t) => {
  const kinds: AccessRequest['kind'][] = [];
  const { app, engine } = await httpOnFake(t, ({ kind }) => {
    kinds.push(kind);
    return false;
  });
  const response = await app.inject({ method: 'POST', url: '/whip/live/demo', headers: sdp, payload: 'v=0' });
  assert.deepEqual([response.statusCode, response.json().code], [403, 'GW_FORBIDDEN']);
  assert.deepEqual(kinds, ['publish']);
  assert.equal(engine.publisherRequests.length, 0);
});
