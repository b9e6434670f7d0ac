/** The HTTP side on a fake engine. */
import type { AddressInfo } from 'node:net';
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
