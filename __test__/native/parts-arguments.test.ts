/** Arguments of every part: numbers out of range, wrong types, odd arrays; each throws an Error, none ends the process. */
import assert from 'node:assert/strict';
import test from 'node:test';
import * as native from '../../index.js';
import { assertCode } from './parts-fixtures.js';

const {
  AudioJitterBuffer,
  H264Depacketizer,
  H264Packetizer,
  OpusPacketizer,
  RtmpChunkReader,
  RtmpChunkWriter,
  VideoJitterBuffer,
} = native;

const refused = (run: () => unknown, what: string) =>
  assert.throws(run, (error) => assertCode(error, 'GW_ARGUMENT_INVALID'), what);

/** No integer that fits: one below and one above the range, a fraction, what is no number. */
const outside = (least: number, most: number) => [least - 1, most + 1, least + 0.5, NaN, Infinity, -Infinity];

test('numbers out of range are refused, neither wrapped nor cut', () => {
  const packet = { sequenceNumber: 0, timestamp: 0, marker: false, payload: Buffer.alloc(1) };
  const message = { chunkStreamId: 3, timestamp: 0, typeId: 9, messageStreamId: 1, body: Buffer.alloc(1) };
  const rtp = { payloadType: 96, sequenceNumber: 0, timestamp: 0, ssrc: 0, payload: Buffer.alloc(1) };
  const top = 2 ** 32 - 1;
  const writer = new RtmpChunkWriter();
  const [video, audio] = [new VideoJitterBuffer(), new AudioJitterBuffer()];
  const cases: [string, number, number, (value: number) => unknown][] = [
    ['maxMessageLength', 1, 16_777_215, (maxMessageLength) => new RtmpChunkReader({ maxMessageLength })],
    ['maxPendingBytes', 1, 2 ** 30, (maxPendingBytes) => new RtmpChunkReader({ maxPendingBytes })],
    ['size', 1, 16_777_215, (size) => writer.setChunkSize(size)],
    ['chunkStreamId', 2, 65_599, (chunkStreamId) => writer.write({ ...message, chunkStreamId })],
    ['timestamp', 0, top, (timestamp) => writer.write({ ...message, timestamp })],
    ['typeId', 0, 255, (typeId) => writer.write({ ...message, typeId })],
    ['messageStreamId', 0, top, (messageStreamId) => writer.write({ ...message, messageStreamId })],
    ['maxPayloadSize', 64, 65_000, (maxPayloadSize) => new H264Packetizer({ maxPayloadSize })],
    ['payloadType', 0, 127, (payloadType) => native.writeRtpPacket({ ...rtp, payloadType })],
    ['sequenceNumber', 0, 65_535, (sequenceNumber) => native.writeRtpPacket({ ...rtp, sequenceNumber })],
    ['timestamp', 0, top, (timestamp) => native.writeRtpPacket({ ...rtp, timestamp })],
    ['ssrc', 0, top, (ssrc) => native.writeRtpPacket({ ...rtp, ssrc })],
    ['sequenceNumber', 0, 65_535, (sequenceNumber) => video.handlePacket(0, { ...packet, sequenceNumber })],
    ['timestamp', 0, top, (timestamp) => audio.handlePacket(0, { ...packet, timestamp })],
  ];
  for (const [name, least, most, run] of cases) {
    for (const value of outside(least, most)) refused(() => run(value), `${name} ${value}`);
    run(least);
    run(most);
  }
  for (const latency of [-1, 250.1, NaN, Infinity, 1e300]) {
    refused(() => new VideoJitterBuffer({ maxLatencyMs: latency }), `${latency}`);
    refused(() => new AudioJitterBuffer({ maxLatencyMs: latency }), `${latency}`);
  }
  for (const nowMs of [NaN, Infinity, -Infinity, 1e300, -1e300]) {
    refused(() => video.handlePacket(nowMs, packet), `${nowMs}`);
    refused(() => video.pollFrame(nowMs), `${nowMs}`);
    refused(() => video.pollKeyframeRequest(nowMs), `${nowMs}`);
    refused(() => video.requestKeyframe(nowMs), `${nowMs}`);
    refused(() => audio.pollAudio(nowMs), `${nowMs}`);
  }
  video.pollFrame(0);
  video.pollFrame(2 ** 43);
});

test('bodies and payloads that are too long are refused', () => {
  const message = { chunkStreamId: 3, timestamp: 0, typeId: 9, messageStreamId: 1 };
  refused(() => new RtmpChunkWriter().write({ ...message, body: Buffer.alloc(16_777_216) }), 'body');
  const rtp = { payloadType: 96, sequenceNumber: 0, timestamp: 0, ssrc: 0 };
  refused(() => native.writeRtpPacket({ ...rtp, payload: Buffer.alloc(65_001) }), 'payload');
  const packetizer = new H264Packetizer();
  for (const size of [0, 3, 5, 1.5, NaN]) {
    refused(
      () => packetizer.packetize(Buffer.alloc(0), { nalLengthSize: size as 1 }),
      `nalLengthSize ${size}`,
    );
    refused(() => native.avccToAnnexB(Buffer.alloc(0), size as 1), `nalLengthSize ${size}`);
  }
  refused(() => new H264Packetizer({ packetizationMode: 2 as 1 }), 'packetizationMode');
});

test('values of wrong types throw an Error wherever they are given', () => {
  const wrong: unknown[] = [
    undefined,
    null,
    0,
    'text',
    true,
    {},
    [],
    new Float64Array(3),
    new ArrayBuffer(3),
    () => 0,
  ];
  const takesBytes: ((value: never) => unknown)[] = [
    (value) => new RtmpChunkReader().push(value),
    (value) => new H264Packetizer().packetize(value),
    (value) => new H264Depacketizer().push(value),
    (value) => new OpusPacketizer().packetize(value),
    (value) => native.parseOpusPacket(value),
    (value) => native.parseAvcConfig(value),
    (value) => native.parseAacConfig(value),
    (value) => native.parseRtpPacket(value),
    (value) => native.avccToAnnexB(value),
    (value) => native.annexBToAvcc(value),
  ];
  const takesObjects: ((value: never) => unknown)[] = [
    (value) => new RtmpChunkWriter().write(value),
    (value) => native.writeRtpPacket(value),
    (value) => new VideoJitterBuffer().handlePacket(0, value),
    (value) => new AudioJitterBuffer().handlePacket(0, value),
    (value) => native.buildAvcConfig(value, value),
    (value) => new H264Depacketizer().setParameterSets(value, value),
  ];
  for (const value of wrong) {
    for (const run of [...takesBytes, ...takesObjects]) {
      // No parameter sets are a list of them.
      if (Array.isArray(value) && String(run).includes('setParameterSets')) continue;
      assert.throws(() => run(value as never), Error, `${run} with ${String(value)}`);
    }
  }
});

test('methods of one class do not run on another', () => {
  const { push } = RtmpChunkReader.prototype;
  for (const receiver of [new H264Depacketizer(), {}, null, Object.create(RtmpChunkReader.prototype)]) {
    assert.throws(() => push.call(receiver as never, Buffer.alloc(1)), Error);
  }
});

test('views into larger, shared, empty and detached memory', () => {
  const packet = Buffer.from([0xf8, 1, 2, 3]);
  const shared = new Uint8Array(new SharedArrayBuffer(8), 2, 4);
  shared.set(packet);
  const view = new Uint8Array(Uint8Array.from([9, 9, ...packet, 9]).buffer, 2, 4);
  for (const bytes of [view, shared]) assert.deepEqual(new OpusPacketizer().packetize(bytes).payload, packet);
  const detached = Uint8Array.from(packet);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  for (const bytes of [detached, new Uint8Array()]) {
    assert.throws(
      () => native.parseOpusPacket(bytes),
      (error) => assertCode(error, 'GW_OPUS_INVALID'),
    );
    assert.deepEqual(new RtmpChunkReader().push(bytes), []);
    assert.deepEqual(new H264Packetizer().packetize(bytes), []);
    new H264Depacketizer().push(bytes);
  }
});
