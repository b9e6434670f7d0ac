/** The real engine under the TypeScript half: starts, serves, refuses what is in use, stops without a trace. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import test from 'node:test';
import { pino } from 'pino';
import { createGateway } from '../../src/index.js';

const logger = pino({ level: 'silent' });
const free = { rtmpPort: 0, httpPort: 0, flvPort: 0, webrtcPort: 0, shards: 2 };

test('port 0: every address is a real one, and HTTP answers', async () => {
  const gateway = createGateway(free, { logger });
  const { rtmp, http, webrtc } = await gateway.start();
  try {
    assert.equal(webrtc.length, 2);
    const all = [rtmp, http, ...webrtc];
    assert.ok(all.every(({ host, port }) => host === '127.0.0.1' && port > 0));
    const health = await fetch(`http://127.0.0.1:${http.port}/healthz`);
    assert.equal(health.status, 200);
    const { shards } = (await health.json()) as { shards: unknown[] };
    assert.equal(shards.length, 2);
    const streams = await fetch(`http://127.0.0.1:${http.port}/api/v1/streams`);
    assert.deepEqual(await streams.json(), { items: [], itemCount: 0, pageCount: 0 });
  } finally {
    await gateway.stop();
  }
  await assert.rejects(fetch(`http://127.0.0.1:${http.port}/healthz`));
});

test('WHEP errors come from the engine with their codes', async () => {
  const gateway = createGateway(free, { logger });
  const { http } = await gateway.start();
  const post = async (path: string, body: string) => {
    const headers = { 'content-type': 'application/sdp' };
    const response = await fetch(`http://127.0.0.1:${http.port}${path}`, { method: 'POST', headers, body });
    const { code } = (await response.json()) as { code: string };
    return [response.status, code];
  };
  try {
    assert.deepEqual(await post('/whep/live/none', 'v=0\r\n'), [404, 'GW_STREAM_NOT_FOUND']);
    const patch = await fetch(`http://127.0.0.1:${http.port}/whep/live/none/0-00`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' },
      body: 'a=ice-ufrag:x\r\n',
    });
    assert.equal(patch.status, 404);
    assert.equal(((await patch.json()) as { code: string }).code, 'GW_SESSION_NOT_FOUND');
    for (const session of ['0-00', 'ff-00', 'nothing', '-', 'zz-1']) {
      const response = await fetch(`http://127.0.0.1:${http.port}/whep/live/none/${session}`, {
        method: 'DELETE',
      });
      assert.equal(response.status, 404, session);
    }
  } finally {
    await gateway.stop();
  }
});

test('an HTTP port in use is one clear error, and the engine lets go of its own ports', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const failing = createGateway({ ...free, httpPort: port }, { logger });
  await assert.rejects(failing.start(), {
    code: 'GW_PORT_IN_USE',
    message: new RegExp(`^HTTP port 127\\.0\\.0\\.1:${port} is in use; choose another with --http-port`),
  });
  await failing.stop();
  other.close();
});

test('an RTMP port in use is one clear error', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  await assert.rejects(createGateway({ ...free, rtmpPort: port }, { logger }).start(), {
    code: 'GW_PORT_IN_USE',
    message: new RegExp(`${port} is in use; choose another with --rtmp-port`),
  });
  other.close();
});

test('two gateways live side by side; stopping is idempotent; starting happens once', async () => {
  const [first, second] = [createGateway(free, { logger }), createGateway(free, { logger })];
  const [one, two] = [await first.start(), await second.start()];
  assert.notEqual(one.rtmp.port, two.rtmp.port);
  await assert.rejects(first.start(), { code: 'GW_INTERNAL' });
  await Promise.all([first.stop(), first.stop()]);
  await first.stop();
  assert.equal((await fetch(`http://127.0.0.1:${two.http.port}/healthz`)).status, 200);
  await second.stop();
  const neverStarted = createGateway(free, { logger });
  await neverStarted.stop();
  await assert.rejects(neverStarted.start());
});

test('an address that is not of this machine, or a name that is none', async () => {
  await assert.rejects(createGateway({ ...free, host: '192.0.2.1' }, { logger }).start(), {
    code: 'GW_LISTEN_FAILED',
  });
  await assert.rejects(createGateway({ ...free, host: 'no-such-host.invalid' }, { logger }).start(), {
    code: 'GW_LISTEN_FAILED',
    message: /cannot resolve the host name no-such-host.invalid/,
  });
});
