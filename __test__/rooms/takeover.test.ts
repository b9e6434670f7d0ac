/** The same publisher may take its name over; anyone else may not. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { allowAll } from '../../src/orchestration/authorize.js';
import { Orchestrator } from '../../src/orchestration/orchestrator.js';
import { isSamePublisher, publisherOf } from '../../src/orchestration/publisher.js';
import { FakeEngine } from '../helpers/ts-fake-engine.js';
import { recordingLog } from '../helpers/ts-log.js';

const PHONE = { remoteAddress: '192.0.2.1:5000', query: '' };
const PHONE_AGAIN = { remoteAddress: '192.0.2.1:6000', query: '' };
const KEYED = { remoteAddress: '192.0.2.1:5000', query: 'x=1&key=secret' };
const KEYED_ELSEWHERE = { remoteAddress: '198.51.100.9:5000', query: 'key=secret' };
const STRANGER = { remoteAddress: '203.0.113.7:5000', query: 'key=guess' };

type Who = typeof PHONE;

function orchestrate() {
  const engine = new FakeEngine();
  const { log, lines } = recordingLog();
  new Orchestrator(engine, log, allowAll).start();
  const publish = async (connectionId: number, who: Who) => {
    const rest = { kind: 'publish', protocol: 'rtmp', room: 'live', name: 'cam', tcUrl: '' } as const;
    engine.tell({ connections: [{ connectionId, ask: { connectionId, generation: 1, ...rest, ...who } }] });
    await delay(1);
    const { accept, takeOver, code } = engine.decisions.at(-1) ?? {};
    return accept ? (takeOver ? 'takes over' : 'accepted') : code;
  };
  const live = (state: 'live' | 'ended') => engine.tell({ streams: [{ room: 'live', name: 'cam', state }] });
  const close = (connectionId: number) =>
    engine.tell({ connections: [{ connectionId, closed: { code: 'GW_PEER_CLOSED', reason: '' } }] });
  return { publish, live, close, lines };
}

test('the same address or the same key is the same publisher', () => {
  const same = (one: Who, other: Who) =>
    isSamePublisher(publisherOf({ connectionId: 1, ...one }), publisherOf({ connectionId: 2, ...other }));
  assert.equal(same(PHONE, PHONE_AGAIN), true);
  assert.equal(same(KEYED, KEYED_ELSEWHERE), true);
  assert.equal(same(KEYED, STRANGER), false);
  assert.equal(same(PHONE, KEYED_ELSEWHERE), false);
  const noKey = { remoteAddress: '203.0.113.8:1', query: 'key=' };
  assert.equal(same({ ...STRANGER, query: 'key=' }, noKey), false, 'an empty key is none');
  assert.equal(
    same({ remoteAddress: '[2001:db8::1]:1', query: '' }, { remoteAddress: '[2001:db8::1]:2', query: '' }),
    true,
  );
  assert.equal(
    same({ remoteAddress: '[2001:db8::1]:1', query: '' }, { remoteAddress: '[2001:db8::2]:1', query: '' }),
    false,
  );
});

test('a live name goes to the same publisher and to no one else', async () => {
  const { publish, live, close, lines } = orchestrate();
  assert.equal(await publish(1, KEYED), 'accepted');
  live('live');
  assert.equal(await publish(2, STRANGER), 'NetStream.Publish.BadName');
  assert.equal(await publish(3, KEYED_ELSEWHERE), 'takes over');
  live('live');
  close(1);
  assert.equal(
    await publish(4, PHONE),
    'NetStream.Publish.BadName',
    'the address of the first no longer counts',
  );
  assert.equal(await publish(5, KEYED_ELSEWHERE), 'takes over');
  assert.doesNotMatch(JSON.stringify(lines), /secret/, 'keys never reach the log');
});

test('a name that is only promised yet goes to the same publisher as well', async () => {
  const { publish } = orchestrate();
  assert.equal(await publish(1, PHONE), 'accepted');
  assert.equal(await publish(2, STRANGER), 'NetStream.Publish.BadName');
  assert.equal(await publish(3, PHONE_AGAIN), 'takes over');
});

test('a connection does not take over from itself, and nobody from a publisher who is not known', async () => {
  const { publish, live, close } = orchestrate();
  assert.equal(await publish(1, PHONE), 'accepted');
  live('live');
  assert.equal(await publish(1, PHONE), 'NetStream.Publish.BadName');
  close(1);
  assert.equal(
    await publish(2, PHONE_AGAIN),
    'NetStream.Publish.BadName',
    'someone else may have the name by now',
  );
  live('ended');
  assert.equal(await publish(3, STRANGER), 'accepted');
});
