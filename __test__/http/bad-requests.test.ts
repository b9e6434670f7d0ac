/** Broken and hostile requests: one problem document each, the right status, and nothing of theirs unescaped. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { httpOnFake, listen, raw } from '../helpers/ts-http.js';

const badNames = [
  '.',
  '..',
  '%2e%2e',
  'a%2Fb',
  'a%5Cb',
  'a%00b',
  'a%0d%0ab',
  '%3Cimg%3E',
  'a%20b',
  '%C3%A9',
  'a'.repeat(129),
];

for (const name of badNames) {
  test(`hostile_35_name_outside_the_grammar: ${name.slice(0, 20)}`, async (t) => {
    const { app, engine } = await httpOnFake(t);
    // By a raw socket: URL parsers of clients resolve `.` and `..` away.
    const answer = await raw(
      await listen(app),
      `POST /whep/live/${name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n` +
        'Content-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=0',
    );
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.match(answer, /"code":"GW_NAME_INVALID"/);
    assert.equal(engine.viewerRequests.length, 0, 'refused before the engine hears of it');
  });
}

test('a name of 128 characters is fine', async (t) => {
  const { app } = await httpOnFake(t);
  const response = await app.inject(`/api/v1/streams/live/${'a'.repeat(128)}`);
  assert.equal(response.json().code, 'GW_STREAM_NOT_FOUND');
});

test('pages outside their range', async (t) => {
  const { app } = await httpOnFake(t);
  for (const query of [
    'page=0',
    'page=x',
    'pageSize=0',
    'pageSize=1001',
    'page=1.5',
    'page=1&page=2',
    'page=%00',
    'page=Infinity',
    'pageSize=1e999',
    'page=-Infinity',
    'page=NaN',
  ]) {
    const response = await app.inject(`/api/v1/streams?${query}`);
    assert.equal(response.statusCode, 400, query);
    assert.equal(response.json().code, 'GW_REQUEST_INVALID', query);
    assert.match(response.json().detail, /page/, query);
  }
});

test('a path that cannot be decoded', async (t) => {
  const { app } = await httpOnFake(t);
  const response = await app.inject('/api/v1/streams/%/x');
  assert.equal(response.statusCode, 400);
  assert.equal(response.json().code, 'GW_REQUEST_INVALID');
});

test('a method that is not there is 405 and names those that are', async (t) => {
  const { app } = await httpOnFake(t);
  for (const [method, url, allow] of [
    ['POST', '/healthz', 'GET, HEAD'],
    ['DELETE', '/api/v1/streams', 'GET, HEAD'],
    ['GET', '/whep/live/demo', 'POST, OPTIONS'],
    ['PUT', '/whep/live/demo', 'POST, OPTIONS'],
    ['POST', '/whep/live/demo/s', 'PATCH, OPTIONS, DELETE'],
  ] as const) {
    const response = await app.inject({ method, url });
    assert.equal(response.statusCode, 405, `${method} ${url}`);
    assert.equal(response.json().code, 'GW_METHOD_NOT_ALLOWED');
    const allowed = String(response.headers.allow).split(', ').sort();
    assert.deepEqual(allowed, allow.split(', ').sort());
  }
});

test('hostile_83_markup_in_a_path_comes_back_as_data', async (t) => {
  const { app } = await httpOnFake(t);
  const response = await app.inject('/api/v1/rooms/%3Cimg%20src=x%20onerror=alert(1)%3E');
  assert.equal(response.statusCode, 400);
  assert.equal(response.headers['content-type'], 'application/problem+json');
  assert.equal(response.headers['x-content-type-options'], 'nosniff');
  assert.match(String(response.headers['content-security-policy']), /default-src 'none'/);
  assert.doesNotMatch(response.body, /<img/);
});

test('hostile_82_no_jsonp', async (t) => {
  const { app } = await httpOnFake(t);
  const response = await app.inject('/api/v1/streams?callback=alert');
  assert.match(String(response.headers['content-type']), /^application\/json/);
  assert.doesNotMatch(response.body, /alert/);
});

test('hostile_84_no_cors_on_the_api', async (t) => {
  const { app } = await httpOnFake(t);
  for (const url of ['/api/v1/streams', '/healthz', '/openapi.json', '/']) {
    const response = await app.inject({ url, headers: { origin: 'https://evil.example' } });
    assert.equal(response.headers['access-control-allow-origin'], undefined, url);
  }
});

test('an error of ours is 500, logged with its code, and says nothing about itself', async (t) => {
  const { app, engine, lines } = await httpOnFake(t);
  engine.streams = async () => {
    throw new Error('secret detail');
  };
  const response = await app.inject('/api/v1/streams?token=canary');
  assert.equal(response.statusCode, 500);
  assert.equal(response.json().code, 'GW_INTERNAL');
  assert.doesNotMatch(response.body, /secret/);
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.code, 'GW_INTERNAL');
  assert.doesNotMatch(JSON.stringify(lines), /canary/, 'query strings may carry tokens');
});

test('what is no HTTP at all gets a problem document and a closed socket', async (t) => {
  const { app } = await httpOnFake(t);
  const port = await listen(app);
  const rtmp = await raw(port, `\u0003${'x'.repeat(1536)}`);
  assert.match(rtmp, /^HTTP\/1\.1 400 Bad Request\r\n/);
  assert.match(rtmp, /"code":"GW_REQUEST_INVALID"/);
  const overflow = await raw(port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`);
  assert.match(overflow, /^HTTP\/1\.1 431 /);
  assert.match(overflow, /"status":431/);
});
