/** RTMP commands that are out of order, or ask for what cannot be had: one clear refusal each. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withBystander } from '../helpers/bystander.js';
import { publishTestSignal } from '../helpers/ffmpeg.js';
import { type GatewayProcess, startGateway } from '../helpers/gateway.js';
import { RawRtmp } from '../helpers/raw-rtmp.js';
import { until } from '../helpers/wait.js';

let gateway: GatewayProcess;
before(async () => {
  gateway = await startGateway();
});
after(() => gateway.stop());

const client = async () => (await RawRtmp.connect(gateway.rtmpPort)).handshake();
const liveNames = async () =>
  (await gateway.json<{ items: { room: string; name: string }[] }>('/api/v1/streams')).items.map(
    ({ room, name }) => `${room}/${name}`,
  );

test('commands before connect, and publish on no stream, are refused', () =>
  withBystander(gateway, async () => {
    const early = await client();
    early.command('createStream', [null]);
    const refused = await early.refusal();
    assert.notEqual(refused.code + refused.description, '');
    early.destroy();

    const nowhere = await (await client()).connectApp('room');
    nowhere.command('publish', [null, 'name', 'live'], 77);
    assert.notEqual((await nowhere.refusal()).code, '');
    nowhere.destroy();

    const twice = await (await client()).connectApp('room');
    twice.command('connect', [{ app: 'other', tcUrl: 'rtmp://127.0.0.1/other' }]);
    assert.notEqual((await twice.refusal()).code, '');
    twice.destroy();
    assert.deepEqual(
      (await liveNames()).filter((name) => !name.startsWith('bystander/')),
      [],
    );
  }));

test('a name that is taken is refused, and the first publisher keeps it', () =>
  withBystander(
    gateway,
    async () => {
      const first = publishTestSignal(gateway.rtmpUrl('taken', 'a'), { fps: 10, size: '160x120' });
      try {
        await gateway.untilLive('taken', 'a');
        const stranger = (await RawRtmp.connect(gateway.rtmpPort, '127.0.0.2')).handshake();
        const second = await (await stranger).connectApp('taken');
        const id = await second.createStream();
        second.command('publish', [null, 'a', 'live'], id);
        const { code, description } = await second.refusal();
        assert.equal(code, 'NetStream.Publish.BadName');
        assert.match(description, /being published by someone else/);
        second.destroy();
        assert.equal(first.hasEnded, false);
        const before = (await gateway.untilLive('taken', 'a')).video?.frames ?? 0;
        await until('the first to go on', async () => {
          return ((await gateway.untilLive('taken', 'a')).video?.frames ?? 0) > before + 5;
        });
      } finally {
        await first.stop();
      }
    },
    12,
  ));

test('names against the grammar are refused, for publishing and for playing', () =>
  withBystander(gateway, async () => {
    const bad = ['a b', '..', '.', 'x'.repeat(129), 'a/b', 'ü', 'a\n', ''];
    for (const verb of ['publish', 'play']) {
      for (const name of bad) {
        const peer = await (await client()).connectApp('grammar');
        const id = await peer.createStream();
        peer.command(verb, verb === 'publish' ? [null, name, 'live'] : [null, name], id);
        const { code } = await peer.refusal();
        assert.match(code, /^NetStream\./, `${verb} ${JSON.stringify(name)}`);
        peer.destroy();
      }
    }
    assert.deepEqual(
      (await liveNames()).filter((name) => name.startsWith('grammar/')),
      [],
    );
  }));
