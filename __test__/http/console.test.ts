/** The console's files: served with a policy that forbids everything they do not use, and nothing else is served. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { audioText, bitrate, countOf, duration, videoText } from '../../console/js/format.js';
import { httpOnFake, listen, raw } from '../helpers/ts-http.js';

test('the page comes with its policy and without anything inline', async (t) => {
  const { app } = await httpOnFake(t);
  const page = await app.inject('/');
  assert.equal(page.statusCode, 200);
  assert.match(String(page.headers['content-type']), /^text\/html/);
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*/);
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  assert.equal(page.headers['referrer-policy'], 'no-referrer');
  assert.doesNotMatch(page.body, /<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=/i);
  for (const [, path] of page.body.matchAll(/(?:src|href)="([a-z][^":#]*)"/g)) {
    assert.equal((await app.inject(`/${path}`)).statusCode, 200, path);
  }
});

test('hostile_83_strings_of_strangers_never_become_markup', async (t) => {
  const { app } = await httpOnFake(t);
  for (const file of readdirSync(new URL('../../console/js/', import.meta.url))) {
    const script = await app.inject(`/js/${file}`);
    assert.equal(script.statusCode, 200, file);
    assert.match(String(script.headers['content-type']), /javascript/, file);
    assert.doesNotMatch(
      script.body,
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/,
      file,
    );
  }
});

test('hostile_35_nothing_outside_the_console_is_served', async (t) => {
  const { app } = await httpOnFake(t);
  const port = await listen(app);
  for (const path of [
    '/../package.json',
    '/..%2fpackage.json',
    '/%2e%2e/package.json',
    '/js/..%2f..%2fpackage.json',
    '/js/%2e%2e/%2e%2e/package.json',
    '/..%5cpackage.json',
    '/js/dom.js%00.txt',
    '/package.json',
    '/js/',
    '//etc/passwd',
    '/file:///etc/passwd',
  ]) {
    const answer = await raw(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 (400|404) /, path);
    assert.match(answer, /"code":"GW_/, path);
    assert.doesNotMatch(answer, /"dependencies"|root:/, path);
  }
});

test('numbers read as people say them', () => {
  assert.equal(bitrate(2_540_000), '2.5 Mbit/s');
  assert.equal(bitrate(64_400), '64 kbit/s');
  assert.equal(duration(5_000), '5 s');
  assert.equal(duration(65_000), '1 min 5 s');
  assert.equal(duration(3_660_000), '1 h 1 min');
  assert.equal(duration(-5), '0 s');
  assert.equal(countOf(1, 'viewer'), '1 viewer');
  assert.equal(countOf(0, 'viewer'), '0 viewers');
  const video = { frames: 1, keyframes: 1, bitrate: 1 };
  assert.equal(
    videoText({ ...video, codec: 'H264', profile: 'High', width: 1920, height: 1080, fps: 29.97 }),
    'H.264 High · 1920×1080 · 30 fps',
  );
  assert.equal(videoText({ ...video, codec: 'hvc1', width: 0, height: 0 }), 'hvc1');
  assert.equal(
    audioText({ codec: 'AAC', sampleRate: 44_100, channels: 1, bitrate: 1 }),
    'AAC · 44.1 kHz · mono',
  );
});
