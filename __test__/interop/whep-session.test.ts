/** The life of a WHEP session over HTTP: trickled candidates, ICE restart, end. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestBrowser } from '../helpers/chromium.js';
import { type LivePublisher, publishTestSignal } from '../helpers/ffmpeg.js';
import { type GatewayProcess, startGateway } from '../helpers/gateway.js';
import { sleep, until } from '../helpers/wait.js';

let gateway: GatewayProcess;
let browser: TestBrowser;
let publisher: LivePublisher;
before(async () => {
  gateway = await startGateway();
  browser = await TestBrowser.launch();
  publisher = publishTestSignal(gateway.rtmpUrl('life', 'a'));
  await gateway.untilLive('life', 'a');
});
after(async () => {
  await publisher?.stop();
  await browser?.close();
  await gateway?.stop();
});

const viewers = async () => (await gateway.untilLive('life', 'a')).viewers;

test('an offer without candidates connects, its candidates follow by PATCH', async () => {
  const viewer = await browser.viewer(gateway.http);
  const opened = await viewer.open(`${gateway.http}/whep/life/a`, { trickle: true });
  assert.equal(opened.status, 201, opened.body);
  assert.ok(opened.etag, 'an ETag names the ICE session');
  const { status, body } = await viewer.trickle();
  assert.equal(status, 204, body);
  await until('pictures', async () => ((await viewer.stats()).video?.framesDecoded ?? 0) > 10);
  await viewer.delete();
  await viewer.close();
});

test('ICE restarts by PATCH and media goes on', async () => {
  const viewer = await browser.viewer(gateway.http);
  assert.equal((await viewer.open(`${gateway.http}/whep/life/a`)).status, 201);
  await until('pictures', async () => ((await viewer.stats()).video?.framesDecoded ?? 0) > 30);
  const answer = await viewer.restartIce();
  assert.equal(answer.status, 200, answer.body);
  assert.notEqual(answer.after, answer.before, 'new credentials');
  await sleep(1_500);
  const { video, state } = await viewer.stats();
  assert.equal(state, 'connected');
  await until(
    'more pictures',
    async () => ((await viewer.stats()).video?.framesDecoded ?? 0) > (video?.framesDecoded ?? 0) + 60,
  );
  await viewer.delete();
  await viewer.close();
});

test('a PATCH for another ICE session is refused and changes nothing', async () => {
  const viewer = await browser.viewer(gateway.http);
  assert.equal((await viewer.open(`${gateway.http}/whep/life/a`)).status, 201);
  const fragment = 'a=ice-ufrag:nope\r\na=ice-pwd:nopenopenopenopenopenope\r\n';
  assert.equal((await viewer.patch(fragment, { 'if-match': '"another"' })).status, 412);
  assert.equal((await viewer.patch(fragment)).status, 428);
  await until('pictures', async () => ((await viewer.stats()).video?.framesDecoded ?? 0) > 30);
  await viewer.delete();
  await viewer.close();
});

test('DELETE ends the session; a second one finds nothing', async () => {
  await until('no viewer', async () => (await viewers()) === 0);
  const viewer = await browser.viewer(gateway.http);
  assert.equal((await viewer.open(`${gateway.http}/whep/life/a`)).status, 201);
  await until('one viewer', async () => (await viewers()) === 1);
  assert.equal(await viewer.delete(), 200);
  await until('no viewer', async () => (await viewers()) === 0);
  assert.equal(await viewer.delete(), 404);
  await viewer.close();
});

test('a viewer whose page is closed is gone soon', async () => {
  const viewer = await browser.viewer(gateway.http);
  assert.equal((await viewer.open(`${gateway.http}/whep/life/a`)).status, 201);
  await until('one viewer', async () => (await viewers()) === 1);
  await viewer.page.close();
  await until('no viewer', async () => (await viewers()) === 0, { timeoutMs: 60_000 });
});
