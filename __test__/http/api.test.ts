/** The admin API: lists, single resources, health, documentation. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { streamSnapshot } from '../helpers/ts-fake-engine.js';
import { httpOnFake } from '../helpers/ts-http.js';

test('streams are listed in order, by page', async (t) => {
  const { app, engine } = await httpOnFake(t);
  engine.streamList = ['c', 'a', 'b'].map((name) => streamSnapshot('live', name));
  const all = (await app.inject('/api/v1/streams')).json();
  assert.deepEqual(
    all.items.map((item: { name: string }) => item.name),
    ['a', 'b', 'c'],
  );
  assert.deepEqual([all.itemCount, all.pageCount], [3, 1]);

  const second = (await app.inject('/api/v1/streams?page=2&pageSize=2')).json();
  assert.deepEqual([second.items.length, second.items[0].name, second.pageCount], [1, 'c', 2]);
  const beyond = (await app.inject('/api/v1/streams?page=9')).json();
  assert.deepEqual([beyond.items, beyond.itemCount], [[], 3]);
});

test('no streams: an empty list', async (t) => {
  const { app } = await httpOnFake(t);
  assert.deepEqual((await app.inject('/api/v1/streams')).json(), { items: [], itemCount: 0, pageCount: 0 });
});

test('one stream shows what people want to know', async (t) => {
  const { app, engine } = await httpOnFake(t);
  engine.streamList = [streamSnapshot('live', 'demo~screen')];
  const response = await app.inject('/api/v1/streams/live/demo~screen');
  assert.equal(response.statusCode, 200);
  const stream = response.json();
  assert.equal(stream.publishedAt, '2026-01-02T03:04:05.000Z');
  assert.deepEqual([stream.identity, stream.source], ['demo', 'screen']);
  assert.deepEqual(stream.publisher, { protocol: 'rtmp', connectionId: 7, remoteAddress: '127.0.0.1:50000' });
  const { codec, profile, level, width, height, fps, bitrate } = stream.video;
  assert.deepEqual(
    [codec, profile, level, width, height, fps, bitrate],
    ['H264', 'Baseline', '3.1', 1280, 720, 30, 2_500_000],
  );
  assert.deepEqual([stream.players, stream.viewers], [1, 2]);
});

test('a stream without video has no video', async (t) => {
  const { app, engine } = await httpOnFake(t);
  const { video: _, ...audioOnly } = streamSnapshot('live', 'radio');
  engine.streamList = [audioOnly];
  const stream = (await app.inject('/api/v1/streams/live/radio')).json();
  assert.equal(stream.video, undefined);
  assert.equal(stream.audio.codec, 'AAC');
});

test('a publisher that sends nothing is stalled; skew and what browsers get of the video are shown', async (t) => {
  const { app, engine } = await httpOnFake(t);
  const shown = async (more: Parameters<typeof streamSnapshot>[2]) => {
    engine.streamList = [streamSnapshot('live', 'demo', more)];
    const { state, idleMs, skewMs, webrtcVideo } = (await app.inject('/api/v1/streams/live/demo')).json();
    return { state, idleMs, skewMs, webrtcVideo };
  };
  assert.deepEqual(await shown({ idleMs: 5_000, skewMs: -12.345, webrtcVideo: 'reduced' }), {
    state: 'live',
    idleMs: 5_000,
    skewMs: -12.3,
    webrtcVideo: 'reduced',
  });
  assert.deepEqual(await shown({ idleMs: 5_001.4 }), {
    state: 'stalled',
    idleMs: 5_001,
    skewMs: undefined,
    webrtcVideo: undefined,
  });
});

test('a WebRTC publisher that has not connected has no address', async (t) => {
  const { app, engine } = await httpOnFake(t);
  engine.streamList = [streamSnapshot('live', 'demo', { publisher: { kind: 'webrtc', connectionId: 8 } })];
  const { publisher } = (await app.inject('/api/v1/streams/live/demo')).json();
  assert.deepEqual(publisher, { protocol: 'webrtc', connectionId: 8 });
});

test('rooms group the streams of a participant', async (t) => {
  const { app, engine } = await httpOnFake(t);
  engine.streamList = [
    streamSnapshot('b', 'x'),
    streamSnapshot('a', 'anna~screen'),
    streamSnapshot('a', 'anna'),
    streamSnapshot('a', 'zoe'),
  ];
  const rooms = (await app.inject('/api/v1/rooms')).json();
  assert.deepEqual(
    rooms.items.map((room: { name: string }) => room.name),
    ['a', 'b'],
  );
  const room = (await app.inject('/api/v1/rooms/a')).json();
  assert.deepEqual([room.participantCount, room.streamCount, room.audienceCount], [2, 3, 9]);
  assert.deepEqual(
    room.participants.map((participant: { identity: string }) => participant.identity),
    ['anna', 'zoe'],
  );
});

test('what is not there is 404 with its own code', async (t) => {
  const { app } = await httpOnFake(t);
  for (const [url, code] of [
    ['/api/v1/streams/live/none', 'GW_STREAM_NOT_FOUND'],
    ['/api/v1/rooms/none', 'GW_ROOM_NOT_FOUND'],
    ['/nowhere', 'GW_ROUTE_NOT_FOUND'],
    ['/api/v1/nowhere', 'GW_ROUTE_NOT_FOUND'],
  ] as const) {
    const response = await app.inject(url);
    assert.equal(response.statusCode, 404, url);
    assert.equal(response.json().code, code, url);
    assert.equal(response.headers['content-type'], 'application/problem+json', url);
  }
});

test('connections, server and health', async (t) => {
  const { app, engine } = await httpOnFake(t);
  assert.equal((await app.inject('/api/v1/connections')).json().itemCount, 0);
  const server = (await app.inject('/api/v1/server')).json();
  assert.deepEqual([server.version, server.rtmp.port, server.webrtc.length], ['1.2.3', 1935, 1]);
  const health = await app.inject('/healthz');
  assert.equal(health.statusCode, 200);
  assert.deepEqual(
    [health.json().status, health.json().shards],
    ['ok', [{ shard: 0, lagMs: 0.4, connections: 3, streams: 1, writes: 7, heldAudio: 2, expiredHolds: 1 }]],
  );
  engine.healthy = false;
  const failing = await app.inject('/healthz');
  assert.equal(failing.statusCode, 503);
  assert.equal(failing.json().status, 'failing');
});

test('/openapi.json describes every route and validates its own examples of errors', async (t) => {
  const { app } = await httpOnFake(t);
  const document = (await app.inject('/openapi.json')).json();
  assert.match(document.openapi, /^3\.1/);
  for (const path of [
    '/healthz',
    '/api/v1/streams',
    '/api/v1/streams/{room}/{name}',
    '/api/v1/rooms',
    '/api/v1/rooms/{room}',
    '/api/v1/connections',
    '/whep/{room}/{name}',
    '/whep/{room}/{name}/{session}',
    '/whip/{room}/{name}',
    '/whip/{room}/{name}/{session}',
  ]) {
    assert.ok(document.paths[path], path);
  }
  const [pattern] = document.paths['/whep/{room}/{name}'].post.parameters
    .filter((parameter: { name: string }) => parameter.name === 'name')
    .map((parameter: { schema: { pattern: string } }) => parameter.schema.pattern);
  assert.match(pattern, /A-Za-z0-9/);
  const docs = await app.inject('/docs/');
  assert.ok([200, 302].includes(docs.statusCode), `${docs.statusCode}`);
});
