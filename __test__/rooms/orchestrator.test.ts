/** Publish and play are decided once, in order, and failures refuse. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Ask } from '../../src/native.js';
import { type AuthorizeHook, allowAll, authorize } from '../../src/orchestration/authorize.js';
import { Orchestrator } from '../../src/orchestration/orchestrator.js';
import { FakeEngine } from '../helpers/ts-fake-engine.js';
import { recordingLog } from '../helpers/ts-log.js';

function ask(connectionId: number, more: Partial<Ask> = {}): Ask {
  return {
    connectionId,
    generation: 1,
    kind: 'publish',
    protocol: 'rtmp',
    room: 'live',
    name: 'demo',
    query: 'key=canary',
    tcUrl: 'rtmp://x/live',
    remoteAddress: '127.0.0.1:5',
    ...more,
  };
}

function orchestrate(hook: AuthorizeHook = allowAll) {
  const engine = new FakeEngine();
  const { log, lines } = recordingLog();
  const orchestrator = new Orchestrator(engine, log, hook);
  orchestrator.start();
  return { engine, orchestrator, lines };
}

/** Someone else: another address, another key. */
const stranger = (number: number) => ({ query: `key=other${number}`, remoteAddress: `10.0.0.${number}:5` });

/** Lets hooks that answer at once answer. */
const settled = () => delay(1);

test('publish and play are accepted', async () => {
  const { engine, lines } = orchestrate();
  engine.tell({
    connections: [
      { connectionId: 1, ask: ask(1) },
      { connectionId: 2, ask: ask(2, { kind: 'play' }) },
    ],
  });
  await settled();
  assert.deepEqual(engine.decisions, [
    { connectionId: 1, generation: 1, accept: true },
    { connectionId: 2, generation: 1, accept: true },
  ]);
  assert.doesNotMatch(JSON.stringify(lines), /canary/, 'keys in the query never reach the log');
});

test('a live name is refused, by name only', async () => {
  const { engine } = orchestrate();
  engine.tell({ streams: [{ room: 'live', name: 'demo', state: 'live' }] });
  engine.tell({ connections: [{ connectionId: 1, ask: ask(1) }] });
  engine.tell({ connections: [{ connectionId: 2, ask: ask(2, { kind: 'play' }) }] });
  engine.tell({ connections: [{ connectionId: 3, ask: ask(3, { room: 'other' }) }] });
  await settled();
  const [first, second, third] = engine.decisions;
  assert.deepEqual([first?.accept, first?.code], [false, 'NetStream.Publish.BadName']);
  assert.match(first?.description ?? '', /live\/demo is being published/);
  assert.deepEqual([second?.accept, third?.accept], [true, true]);
});

test('of two who ask at once, one gets the name', async () => {
  const { engine } = orchestrate();
  engine.tell({
    connections: [
      { connectionId: 1, ask: ask(1) },
      { connectionId: 2, ask: ask(2, stranger(2)) },
    ],
  });
  await settled();
  assert.deepEqual(
    engine.decisions.map(({ accept }) => accept),
    [true, false],
  );
});

test('a name is free again when its stream ends, or its publisher goes before it was live', async () => {
  const { engine } = orchestrate();
  const publishes = async (connectionId: number) => {
    engine.tell({ connections: [{ connectionId, ask: ask(connectionId, stranger(connectionId)) }] });
    await settled();
    return engine.decisions.at(-1)?.accept;
  };
  assert.equal(await publishes(1), true);
  assert.equal(await publishes(2), false);
  engine.tell({ connections: [{ connectionId: 1, closed: { code: 'GW_PEER_CLOSED', reason: '' } }] });
  assert.equal(await publishes(3), true);
  engine.tell({ streams: [{ room: 'live', name: 'demo', state: 'live' }] });
  assert.equal(await publishes(4), false);
  // The end and the next ask in one drain: the end counts first.
  engine.tell({
    streams: [{ room: 'live', name: 'demo', state: 'ended' }],
    connections: [{ connectionId: 5, ask: ask(5) }],
  });
  await settled();
  assert.equal(engine.decisions.at(-1)?.accept, true);
});

test('a decision that the engine calls stale gives the name back', async () => {
  const { engine, lines } = orchestrate();
  engine.decideResult = false;
  engine.tell({ connections: [{ connectionId: 1, ask: ask(1) }] });
  await settled();
  engine.decideResult = true;
  engine.tell({ connections: [{ connectionId: 2, ask: ask(2) }] });
  await settled();
  assert.equal(engine.decisions.at(-1)?.accept, true);
  assert.ok(lines.some(({ code }) => code === 'GW_STALE_DECISION'));
});

test('a connection that closes or asks anew while the hook thinks is not answered for the old ask', async () => {
  const answers: ((answer: boolean) => void)[] = [];
  const { engine } = orchestrate(() => new Promise((resolve) => answers.push(resolve)));
  engine.tell({ connections: [{ connectionId: 1, ask: ask(1) }] });
  engine.tell({ connections: [{ connectionId: 1, closed: { code: 'GW_PEER_CLOSED', reason: '' } }] });
  engine.tell({ connections: [{ connectionId: 2, ask: ask(2) }] });
  engine.tell({ connections: [{ connectionId: 2, ask: ask(2, { generation: 2, name: 'second' }) }] });
  for (const answer of answers) answer(true);
  await settled();
  assert.deepEqual(engine.decisions, [{ connectionId: 2, generation: 2, accept: true }]);
});

const badHooks: [string, AuthorizeHook][] = [
  ['throws', () => assert.fail('boom')],
  ['rejects', () => Promise.reject(new Error('boom'))],
  ['throws nonsense', () => Promise.reject(undefined)],
  ['answers nonsense', (() => 'yes'.length) as unknown as AuthorizeHook],
  ['answers nothing', (() => undefined) as unknown as AuthorizeHook],
];
for (const [name, hook] of badHooks) {
  test(`hostile_92_a_hook_that_${name.replaceAll(' ', '_')}_refuses_and_is_logged`, async () => {
    const { engine, lines } = orchestrate(hook);
    engine.tell({ connections: [{ connectionId: 1, ask: ask(1) }] });
    await settled();
    assert.equal(engine.decisions[0]?.accept, false);
    assert.equal(engine.decisions[0]?.description, 'authorization failed');
    assert.ok(lines.some(({ code }) => code === 'GW_HOOK_FAILED'));
  });
}

test('hostile_87_a_hook_that_never_answers_refuses_in_time', async () => {
  const failures: unknown[] = [];
  const decision = await authorize(
    () => new Promise(() => undefined),
    { kind: 'play', protocol: 'rtmp', room: 'live', name: 'demo', query: '', remoteAddress: '' },
    (error) => failures.push(error),
    20,
  );
  assert.equal(decision.accept, false);
  assert.match(String(failures[0]), /no answer within 20 ms/);
});

test('a hook may refuse, with a reason', async () => {
  const { engine } = orchestrate(({ kind }) => (kind === 'play' ? 'members only' : false));
  engine.tell({
    connections: [
      { connectionId: 1, ask: ask(1) },
      { connectionId: 2, ask: ask(2, { kind: 'play' }) },
    ],
  });
  await settled();
  assert.deepEqual(
    engine.decisions.map(({ code, description }) => [code, description]),
    [
      ['NetStream.Publish.Denied', 'not authorized'],
      ['NetStream.Play.Failed', 'members only'],
    ],
  );
});

test('an engine that throws does not reach the wake callback; after stop nothing is decided', async () => {
  const { engine, orchestrator, lines } = orchestrate();
  const drain = engine.drain.bind(engine);
  engine.drain = () => {
    throw new Error('gone');
  };
  engine.tell({});
  assert.ok(lines.some(({ code }) => code === 'GW_INTERNAL'));
  engine.drain = drain;
  orchestrator.stop();
  engine.tell({ connections: [{ connectionId: 1, ask: ask(1) }] });
  await settled();
  assert.deepEqual(engine.decisions, []);
});
