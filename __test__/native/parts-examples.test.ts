/** The examples of embedding run as they are printed: real FFmpeg on the other end of each. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Program } from '../helpers/program.js';
import { sampleFile } from '../helpers/sample.js';
import { until } from '../helpers/wait.js';
import { fixture, flvTags } from './parts-fixtures.js';

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const example = (name: string, ...args: string[]) =>
  new Program(process.execPath, [file(`examples/embed/${name}`), ...args]);
const FLV = file('crates/testkit/fixtures/baseline_aac.flv');

/** A UDP port that is free now, and even, as RTP wants it. */
async function freePort(): Promise<number> {
  for (;;) {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    await once(socket, 'close');
    if (port % 2 === 0) return port;
  }
}

test('rtmp-dump.mjs lists the messages of a capture', async () => {
  const dump = example('rtmp-dump.mjs', file('__test__/native/fixtures/ffmpeg-publish.rtmp'));
  assert.equal((await dump.end()).code, 0, dump.stderr);
  const lines = dump.stdout.trim().split('\n');
  assert.match(lines[0] ?? '', /command .*connect/);
  const video = flvTags(fixture('baseline_aac.flv')).filter(
    ({ typeId, body }) => typeId === 9 && body[1] !== 2,
  );
  assert.ok(lines.filter((line) => / video /.test(line)).length >= video.length);
});

test('rtmp-dump.mjs says what is wrong with a file that is none', async () => {
  const dump = example('rtmp-dump.mjs', FLV);
  assert.equal((await dump.end()).code, 1);
  assert.match(dump.stderr, /GW_RTMP_INVALID: /);
});

/** Linux lists the UDP ports that somebody listens on. */
const isBound = (port: number) =>
  readFileSync('/proc/net/udp', 'latin1').includes(
    `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000`,
  );

const framemd5 = ['-an', '-fps_mode', 'passthrough', '-f', 'framemd5', '-'];
const hashes = (text: string) => [...text.matchAll(/^0, .* (\w{32})$/gm)].map(([, hash]) => hash);

test('flv-to-rtp.mjs sends a file that FFmpeg receives and decodes as if from the file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'embed-'));
  const port = await freePort();
  const flv = sampleFile({ seconds: 4, fps: 25, gop: 25, size: '320x180', audio: false });
  try {
    const describe = example('flv-to-rtp.mjs', flv, '127.0.0.1', `${port}`, '--sdp');
    assert.equal((await describe.end()).code, 0, describe.stderr);
    assert.match(describe.stdout, /profile-level-id=[0-9a-f]{6};sprop-parameter-sets=/);
    const sdp = join(folder, 'stream.sdp');
    writeFileSync(sdp, describe.stdout);
    const input = ['-protocol_whitelist', 'file,udp,rtp', '-analyzeduration', '1000000', '-i', sdp];
    const receiver = new Program('ffmpeg', [
      '-nostdin',
      '-v',
      'warning',
      ...input,
      '-frames:v',
      '60',
      ...framemd5,
    ]);
    try {
      await until('the receiver', () => receiver.hasEnded || isBound(port));
      const sender = example('flv-to-rtp.mjs', flv, '127.0.0.1', `${port}`);
      assert.equal((await sender.end()).code, 0, sender.stderr);
      assert.equal((await receiver.end(5_000)).code, 0, receiver.stderr);
      assert.doesNotMatch(receiver.stderr, /error|missed|corrupt/i);
      const file = new Program('ffmpeg', [
        '-nostdin',
        '-v',
        'error',
        '-i',
        flv,
        '-frames:v',
        '60',
        ...framemd5,
      ]);
      await file.end();
      assert.equal(hashes(file.stdout).length, 60);
      assert.deepEqual(hashes(receiver.stdout), hashes(file.stdout));
    } finally {
      await receiver.stop('SIGKILL');
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('rtp-to-h264.mjs receives what FFmpeg sends, and FFmpeg decodes what it wrote', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'embed-'));
  const port = await freePort();
  const [sdp, out] = [join(folder, 'stream.sdp'), join(folder, 'out.h264')];
  const describe = example('flv-to-rtp.mjs', FLV, '127.0.0.1', `${port}`, '--sdp');
  await describe.end();
  writeFileSync(sdp, describe.stdout);
  const receiver = example('rtp-to-h264.mjs', sdp, out);
  try {
    await until('the receiver', () => receiver.stdout.includes('receiving') || receiver.hasEnded);
    const send = ['-nostdin', '-v', 'error', '-re', '-i', FLV, '-an', '-c:v', 'copy'];
    const sender = new Program('ffmpeg', [...send, '-f', 'rtp', `rtp://127.0.0.1:${port}`]);
    assert.equal((await sender.end()).code, 0, sender.stderr);
    assert.equal((await receiver.end()).code, 0, receiver.stderr);
    assert.match(receiver.stdout, /25 frames, 1 of them keyframes, 0 packets lost/);
    const decode = async (file: string) => {
      const decoder = new Program('ffmpeg', ['-nostdin', '-v', 'error', '-i', file, ...framemd5]);
      await decoder.end();
      assert.equal(decoder.stderr, '');
      return hashes(decoder.stdout);
    };
    assert.deepEqual(await decode(out), await decode(FLV));
  } finally {
    await receiver.stop('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});
