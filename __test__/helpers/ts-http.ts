/** The HTTP side on a fake engine. */
import { type AddressInfo, connect } from 'node:net';
import type { TestContext } from 'node:test';
import { buildServer } from '../../src/http/server.js';
import { type AuthorizeHook, allowAll } from '../../src/orchestration/authorize.js';
import { FakeEngine } from './ts-fake-engine.js';
import { recordingLog } from './ts-log.js';

export async function httpOnFake(context: TestContext, authorize: AuthorizeHook = allowAll) {
  const engine = new FakeEngine();
  const { log, lines } = recordingLog();
  const app = await buildServer({ engine, authorize, log, version: '1.2.3', startedAt: new Date() });
  context.after(() => app.close());
  return { app, engine, lines };
}

/** Listens on a free port of the loopback, for tests of real sockets. */
export async function listen(app: Awaited<ReturnType<typeof buildServer>>): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}

/** Sends bytes as they are and returns all that comes back; no URL parser in between. */
export function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (data) => {
      answer += data.toString('latin1');
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
