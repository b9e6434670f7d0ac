/** Browser to browser through the gateway: H.264 and Opus pass untouched, at full rate. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestBrowser } from '../helpers/chromium.js';
import { type GatewayProcess, startGateway } from '../helpers/gateway.js';
import { sleep, until } from '../helpers/wait.js';

let gateway: GatewayProcess;
let browser: TestBrowser;
before(async () => {
  gateway = await startGateway();
  browser = await TestBrowser.launch();
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
});

test('a second browser sees and hears the first', async (t) => {
  const publisher = await browser.publisher(gateway.http);
  assert.equal((await publisher.open(`${gateway.http}/whip/meet/a`)).status, 201);
  await gateway.untilLive('meet', 'a');
  const viewer = await browser.viewer(gateway.http);
  const { status, body } = await viewer.open(`${gateway.http}/whep/meet/a`);
  assert.equal(status, 201, body);
  await until('pictures', async () => ((await viewer.stats()).video?.framesDecoded ?? 0) > 30);
  const [sent0, got0] = [await publisher.stats(), await viewer.stats()];
  await sleep(5_000);
  const [sent1, got1] = [await publisher.stats(), await viewer.stats()];
  const sent = (sent1.video?.framesSent ?? 0) - (sent0.video?.framesSent ?? 0);
  const got = (got1.video?.framesDecoded ?? 0) - (got0.video?.framesDecoded ?? 0);
  const sounds = (got1.audio?.packetsReceived ?? 0) - (got0.audio?.packetsReceived ?? 0);
  t.diagnostic(`sent ${sent}, decoded ${got}, ${sounds} packets of sound`);
  assert.ok(got >= sent * 0.95, `decoded ${got} of ${sent}`);
  assert.ok(sounds > 200, `${sounds} packets of sound in 5 s`);
  await viewer.close();
  await publisher.close();
});
