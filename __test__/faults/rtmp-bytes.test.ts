/** Bytes on the RTMP port that are not RTMP: the connection is closed, everyone else plays on. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { withBystander } from '../helpers/bystander.js';
import { type GatewayProcess, startGateway } from '../helpers/gateway.js';
import { RawRtmp } from '../helpers/raw-rtmp.js';
import { sleep, until } from '../helpers/wait.js';

let gateway: GatewayProcess;
before(async () => {
  gateway = await startGateway();
});
after(() => gateway.stop());

/** The same "random" bytes in every run. */
function noise(seed: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 64) }, (_, i) =>
    createHash('sha512').update(`${seed}${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

const connections = async () =>
  (await gateway.json<{ items: unknown[] }>('/api/v1/connections')).items.length;

test('garbage instead of a handshake closes the connection at once', () =>
  withBystander(gateway, async () => {
    const clients: RawRtmp[] = [];
    for (const text of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\x16\x03\x01\x02\x00\x01', 'SSH-2.0-x\r\n']) {
      const client = await RawRtmp.connect(gateway.rtmpPort);
      client.write(Buffer.from(text, 'latin1'));
      clients.push(client);
    }
    const client = await RawRtmp.connect(gateway.rtmpPort);
    client.write(Buffer.concat([Buffer.from([0x7f]), noise('a', 100_000)]));
    clients.push(client);
    for (const each of clients) await each.untilClosed(4_000);
  }));

test('garbage after a good handshake closes the connection', () =>
  withBystander(gateway, async () => {
    const client = await (await RawRtmp.connect(gateway.rtmpPort)).handshake();
    client.write(noise('b', 300_000));
    await client.untilClosed(5_000);
  }));

test('half a handshake, then silence: the connection is closed after a while', async () => {
  const clients = [await RawRtmp.connect(gateway.rtmpPort), await RawRtmp.connect(gateway.rtmpPort)];
  clients[0]?.write(Buffer.concat([Buffer.from([3]), noise('c', 700)]));
  // The other says nothing at all.
  await withBystander(gateway, () => sleep(500));
  for (const client of clients) await client.untilClosed(30_000);
  await until('no connection', async () => (await connections()) === 0);
});

test('half a handshake, then gone: nothing stays behind', async () => {
  for (let i = 0; i < 20; i++) {
    const client = await RawRtmp.connect(gateway.rtmpPort);
    client.write(Buffer.concat([Buffer.from([3]), noise('d', 50 * i)]));
    client.destroy();
  }
  await until('no connection', async () => (await connections()) === 0);
  assert.equal(gateway.program.hasEnded, false);
});
