/** WHEP over HTTP: status codes, headers, bodies, and what the engine is asked. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { ErrorCode } from '../../src/errors.js';
import type { AccessRequest } from '../../src/orchestration/authorize.js';
import { SESSION_ID } from '../helpers/ts-fake-engine.js';
import { httpOnFake, listen } from '../helpers/ts-http.js';

const sdp = { 'content-type': 'application/sdp' };
const fragment = { 'content-type': 'application/trickle-ice-sdpfrag' };
const sessionUrl = `/whep/live/demo/${SESSION_ID}`;

test('POST answers 201 with everything a client needs', async (t) => {
  const { app, engine } = await httpOnFake(t);
  const response = await app.inject({
    method: 'POST',
    url: '/whep/live/demo',
    headers: sdp,
    payload: 'v=0 offer',
  });
  assert.equal(response.statusCode, 201);
  assert.equal(response.headers['content-type'], 'application/sdp');
  assert.equal(response.headers.location, sessionUrl);
  assert.equal(response.headers.etag, '"tag1"');
  assert.equal(response.headers['accept-patch'], 'application/trickle-ice-sdpfrag');
  assert.equal(response.body, 'v=0\r\nanswer');
  assert.deepEqual(engine.viewerRequests, [{ room: 'live', name: 'demo', offer: 'v=0 offer', waitMs: 0 }]);
});

test('a content type with parameters is the same content type', async (t) => {
  const { app } = await httpOnFake(t);
  const headers = { 'content-type': 'Application/SDP; charset=utf-8' };
  const response = await app.inject({ method: 'POST', url: '/whep/live/demo', headers, payload: 'v=0' });
  assert.equal(response.statusCode, 201);
});

test('?wait is in seconds, 0 to 30', async (t) => {
  const { app, engine } = await httpOnFake(t);
  const post = (wait: string) =>
    app.inject({ method: 'POST', url: `/whep/live/demo?wait=${wait}`, headers: sdp, payload: 'v=0' });
  assert.equal((await post('2.5')).statusCode, 201);
  assert.equal(engine.viewerRequests[0]?.waitMs, 2_500);
  for (const wait of ['-1', '31', 'soon', '1e9', 'NaN', 'Infinity', '-Infinity', '1e999']) {
    const response = await post(wait);
    assert.equal(response.statusCode, 400, wait);
    assert.equal(response.json().code, 'GW_REQUEST_INVALID', wait);
  }
  assert.equal(engine.viewerRequests.length, 1);
});

const engineErrors: [ErrorCode, number][] = [
  ['GW_STREAM_NOT_FOUND', 404],
  ['GW_SDP_INVALID', 400],
  ['GW_NO_COMMON_CODEC', 406],
  ['GW_TOO_MANY_SESSIONS', 503],
  ['GW_BUSY', 503],
  ['GW_STOPPED', 503],
];
for (const [code, status] of engineErrors) {
  test(`the engine's ${code} is ${status}`, async (t) => {
    const { app, engine } = await httpOnFake(t);
    engine.failure = `${code}: because`;
    const response = await app.inject({
      method: 'POST',
      url: '/whep/live/demo',
      headers: sdp,
      payload: 'v=0',
    });
    assert.equal(response.statusCode, status);
    assert.equal(response.headers['content-type'], 'application/problem+json');
    const problem = response.json();
    assert.deepEqual([problem.code, problem.status, problem.detail], [code, status, 'because']);
    assert.ok(problem.type && problem.title && problem.advice);
  });
}

test('bodies that are no SDP', async (t) => {
  const { app, engine } = await httpOnFake(t);
  const post = async (headers: Record<string, string>, payload?: string) => {
    const response = await app.inject({
      method: 'POST',
      url: '/whep/live/demo',
      headers,
      ...(payload === undefined ? {} : { payload }),
    });
    return [response.statusCode, response.json().code];
  };
  assert.deepEqual(await post({ 'content-type': 'application/json' }, '{}'), [
    415,
    'GW_UNSUPPORTED_MEDIA_TYPE',
  ]);
  assert.deepEqual(await post({ 'content-type': 'text/plain' }, 'v=0'), [415, 'GW_UNSUPPORTED_MEDIA_TYPE']);
  assert.deepEqual(await post({ 'content-type': 'nonsense' }, 'v=0'), [415, 'GW_UNSUPPORTED_MEDIA_TYPE']);
  assert.deepEqual(await post({}), [415, 'GW_UNSUPPORTED_MEDIA_TYPE']);
  assert.deepEqual(await post(fragment, 'a=candidate:1'), [415, 'GW_UNSUPPORTED_MEDIA_TYPE']);
  assert.deepEqual(await post(sdp, ''), [400, 'GW_SDP_INVALID']);
  assert.deepEqual(await post(sdp, ' \r\n'), [400, 'GW_SDP_INVALID']);
  assert.equal(engine.viewerRequests.length, 0);
});

test('hostile_60_sdp_of_a_megabyte', async (t) => {
  const { app, engine } = await httpOnFake(t);
  const post = (size: number) =>
    app.inject({ method: 'POST', url: '/whep/live/demo', headers: sdp, payload: 'v'.repeat(size) });
  assert.equal((await post(64 * 1024)).statusCode, 201);
  for (const size of [64 * 1024 + 1, 1_000_000]) {
    const response = await post(size);
    assert.equal(response.statusCode, 413);
    assert.equal(response.json().code, 'GW_BODY_TOO_LARGE');
  }
  assert.equal(engine.viewerRequests.length, 1);
});

test('PATCH trickles with 204 and restarts with 200', async (t) => {
  const { app, engine } = await httpOnFake(t);
  const patch = (ifMatch: string) =>
    app.inject({
      method: 'PATCH',
      url: sessionUrl,
      headers: { ...fragment, 'if-match': ifMatch },
      payload: 'a=candidate:1',
    });
  const trickle = await patch('"tag1"');
  assert.equal(trickle.statusCode, 204);
  assert.equal(trickle.body, '');
  const restart = await patch('*');
  assert.equal(restart.statusCode, 200);
  assert.equal(restart.headers['content-type'], 'application/trickle-ice-sdpfrag');
  assert.equal(restart.headers.etag, '"tag2"');
  assert.equal(restart.body, 'a=ice-ufrag:new');
  assert.deepEqual(
    engine.patches.map(({ ifMatch }) => ifMatch),
    ['tag1', '*'],
  );
});

test('PATCH without If-Match, with the wrong one, of the wrong type, of no session', async (t) => {
  const { app, engine } = await httpOnFake(t);
  const patch = async (headers: Record<string, string>, payload = 'a=candidate:1') => {
    const response = await app.inject({ method: 'PATCH', url: sessionUrl, headers, payload });
    return [response.statusCode, response.json().code];
  };
  assert.deepEqual(await patch(fragment), [428, 'GW_PRECONDITION_REQUIRED']);
  assert.deepEqual(await patch({ ...sdp, 'if-match': '*' }), [415, 'GW_UNSUPPORTED_MEDIA_TYPE']);
  engine.failure = 'GW_ETAG_MISMATCH: the tag is now tag2';
  assert.deepEqual(await patch({ ...fragment, 'if-match': '"x"' }), [412, 'GW_ETAG_MISMATCH']);
  engine.failure = 'GW_SESSION_NOT_FOUND: there is no such session';
  assert.deepEqual(await patch({ ...fragment, 'if-match': '*' }), [404, 'GW_SESSION_NOT_FOUND']);
});

test('DELETE ends the session once', async (t) => {
  const { app } = await httpOnFake(t);
  await app.inject({ method: 'POST', url: '/whep/live/demo', headers: sdp, payload: 'v=0' });
  const first = await app.inject({ method: 'DELETE', url: sessionUrl });
  assert.deepEqual([first.statusCode, first.body], [200, '']);
  const second = await app.inject({ method: 'DELETE', url: sessionUrl });
  assert.deepEqual([second.statusCode, second.json().code], [404, 'GW_SESSION_NOT_FOUND']);
  const nonsense = await app.inject({ method: 'DELETE', url: '/whep/live/demo/%3Cx%3E' });
  assert.deepEqual([nonsense.statusCode, nonsense.json().code], [404, 'GW_SESSION_NOT_FOUND']);
});

test('players in pages of other origins may ask, read the headers and see errors', async (t) => {
  const { app, engine } = await httpOnFake(t);
  const origin = 'https://player.example';
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: '/whep/live/demo',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  });
  assert.equal(preflight.statusCode, 204);
  assert.equal(preflight.headers['access-control-allow-origin'], '*');
  assert.match(String(preflight.headers['access-control-allow-methods']), /POST/);
  assert.match(String(preflight.headers['access-control-allow-headers']), /Content-Type/);
  assert.equal(preflight.headers['access-control-allow-credentials'], undefined);
  assert.equal(preflight.headers['accept-post'], 'application/sdp');

  const session = await app.inject({ method: 'OPTIONS', url: sessionUrl, headers: { origin } });
  assert.match(String(session.headers['access-control-allow-methods']), /PATCH.*DELETE/);
  assert.match(String(session.headers['access-control-allow-headers']), /If-Match/);

  engine.failure = 'GW_STREAM_NOT_FOUND: no';
  const failed = await app.inject({
    method: 'POST',
    url: '/whep/live/demo',
    headers: { ...sdp, origin },
    payload: 'v=0',
  });
  assert.equal(failed.statusCode, 404);
  assert.equal(failed.headers['access-control-allow-origin'], '*');
  assert.match(String(failed.headers['access-control-expose-headers']), /Location/);
});

test('a client that leaves while it waits leaves no session behind', async (t) => {
  const { app, engine } = await httpOnFake(t);
  const port = await listen(app);
  const create = engine.createViewer.bind(engine);
  const closed = new Promise<string>((resolve) => {
    engine.closeViewer = async (sessionId) => {
      resolve(sessionId);
      return true;
    };
  });
  const abort = new AbortController();
  engine.createViewer = async (request) => {
    const gone = new Promise((resolve) => app.server.once('connection', resolve));
    abort.abort();
    // The server has seen the end of that socket once it serves a later one.
    await fetch(`http://127.0.0.1:${port}/healthz`, { headers: { connection: 'close' } });
    await gone;
    return create(request);
  };
  await assert.rejects(
    fetch(`http://127.0.0.1:${port}/whep/live/demo?wait=30`, {
      method: 'POST',
      headers: sdp,
      body: 'v=0',
      signal: abort.signal,
    }),
    { name: 'AbortError' },
  );
  assert.equal(await closed, SESSION_ID);
});

test('the hook is asked before anything is made, with all it needs', async (t) => {
  const requests: AccessRequest[] = [];
  const { app, engine } = await httpOnFake(t, (request) => {
    requests.push(request);
    return 'members only';
  });
  const response = await app.inject({
    method: 'POST',
    url: '/whep/live/demo?wait=1&token=abc',
    headers: { ...sdp, authorization: 'Bearer xyz' },
    payload: 'v=0',
  });
  assert.deepEqual(
    [response.statusCode, response.json().code, response.json().detail],
    [403, 'GW_FORBIDDEN', 'members only'],
  );
  assert.deepEqual(requests, [
    {
      kind: 'play',
      protocol: 'webrtc',
      room: 'live',
      name: 'demo',
      query: 'wait=1&token=abc',
      authorization: 'Bearer xyz',
      remoteAddress: '127.0.0.1',
    },
  ]);
  assert.equal(engine.viewerRequests.length, 0);
});

test('a hook that throws refuses, and is logged without the secret in the query', async (t) => {
  const { app, engine, lines } = await httpOnFake(t, () => assert.fail('boom'));
  const url = '/whep/live/demo?token=canary';
  const response = await app.inject({ method: 'POST', url, headers: sdp, payload: 'v=0' });
  assert.equal(response.statusCode, 403);
  assert.equal(engine.viewerRequests.length, 0);
  assert.equal(lines[0]?.code, 'GW_HOOK_FAILED');
  assert.doesNotMatch(JSON.stringify(lines), /canary/);
});
