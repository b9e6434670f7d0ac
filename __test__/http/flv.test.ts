/** /flv/... on the API's port points to the port that serves it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { httpOnFake } from '../helpers/ts-http.js';

test('a stream is redirected to the FLV port, query and host name kept', async (t) => {
  const { app } = await httpOnFake(t);
  for (const [host, expected] of [
    ['gateway.example:8080', 'http://gateway.example:8081/flv/live/demo~screen.flv?wait=5&key=a'],
    ['[::1]:8080', 'http://[::1]:8081/flv/live/demo~screen.flv?wait=5&key=a'],
  ]) {
    const url = '/flv/live/demo~screen.flv?wait=5&key=a';
    const { statusCode, headers } = await app.inject({ url, headers: { host } });
    assert.deepEqual([statusCode, headers.location], [307, expected]);
    assert.equal(headers['access-control-allow-origin'], '*', 'web players of other origins follow it');
  }
});

test('what is no name is refused, and so is every other method', async (t) => {
  const { app } = await httpOnFake(t);
  for (const url of [
    '/flv/live/demo',
    '/flv/live/a%2fb.flv',
    `/flv/live/${'a'.repeat(129)}.flv`,
    '/flv/%00/a.flv',
  ]) {
    assert.equal((await app.inject({ url })).statusCode, 400, url);
  }
  assert.equal((await app.inject({ method: 'POST', url: '/flv/live/demo.flv' })).statusCode, 405);
});

test('where HTTP-FLV is not served there is nothing to be redirected to', async (t) => {
  const { app, engine } = await httpOnFake(t);
  const { rtmp, webrtc } = engine.addresses();
  engine.addresses = (() => ({ rtmp, webrtc })) as typeof engine.addresses;
  const response = await app.inject('/flv/live/demo.flv');
  assert.deepEqual([response.statusCode, response.json().code], [404, 'GW_ROUTE_NOT_FOUND']);
});
