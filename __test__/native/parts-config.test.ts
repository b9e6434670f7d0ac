/** Configurations of H.264 and AAC, RTP packets and Opus framing: real ones, every truncation, random bytes. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  buildAacConfig,
  buildAvcConfig,
  OpusPacketizer,
  parseAacConfig,
  parseAvcConfig,
  parseOpusPacket,
  parseRtpPacket,
  writeRtpPacket,
} from '../../index.js';
import {
  assertCode,
  FLV_FILES,
  fixture,
  flvTags,
  opusPackets,
  orThrows,
  random,
  videoOf,
} from './parts-fixtures.js';

const throws = (code: string, run: () => unknown) => assert.throws(run, (error) => assertCode(error, code));

test('the H.264 configuration of every fixture is read, and built again from its parameter sets', () => {
  for (const name of FLV_FILES) {
    const { record } = videoOf(name);
    const config = parseAvcConfig(record);
    assert.deepEqual([config.width, config.height, config.frameRate], [160, 120, 25]);
    assert.match(config.profileLevelId, /^(42|64)[0-9a-f]{4}$/);
    assert.deepEqual(parseAvcConfig(buildAvcConfig(config.sps, config.pps)), { ...config, nalLengthSize: 4 });
    for (let length = 0; length < record.length; length++) {
      orThrows('GW_H264_INVALID', () => parseAvcConfig(record.subarray(0, length)));
    }
    throws('GW_H264_INVALID', () => parseAvcConfig(record.subarray(0, 20)));
  }
  throws('GW_H264_INVALID', () => buildAvcConfig([], []));
  throws('GW_H264_INVALID', () => buildAvcConfig([Buffer.from([0x67])], [Buffer.from([0x68])]));
});

test('AAC configurations: that of FFmpeg, HE-AAC by both kinds of signalling, built ones', () => {
  const tag = flvTags(fixture('baseline_aac.flv')).find(({ typeId, body }) => typeId === 8 && body[1] === 0);
  const config = parseAacConfig(tag?.body.subarray(2) ?? Buffer.alloc(0));
  const lc = {
    objectType: 2,
    sampleRate: 48_000,
    coreSampleRate: 48_000,
    channels: 2,
    samplesPerFrame: 1_024,
  };
  assert.deepEqual(config, { ...lc, sbr: false, ps: false, mayHideSbr: false });
  assert.deepEqual(parseAacConfig(buildAacConfig(48_000, 2)), config);
  assert.equal(parseAacConfig(buildAacConfig(12_345, 1)).sampleRate, 12_345);
  const explicit = parseAacConfig(Buffer.from('2b118800', 'hex'));
  assert.deepEqual([explicit.objectType, explicit.sampleRate, explicit.samplesPerFrame], [5, 48_000, 2_048]);
  assert.equal(parseAacConfig(Buffer.from('131056e598', 'hex')).sbr, true);
  for (const bad of ['', '12', 'ffff', 'f8e6200000']) {
    throws('GW_AAC_INVALID', () => parseAacConfig(Buffer.from(bad, 'hex')));
  }
  for (const [rate, channels] of [
    [999, 2],
    [48_000, 7],
    [48_000, 0],
    [48_000.5, 2],
    [Number.NaN, 2],
  ] as const) {
    throws('GW_ARGUMENT_INVALID', () => buildAacConfig(rate, channels));
  }
});

test('RTP packets survive; every truncation of the header is GW_RTP_INVALID', () => {
  const packet = {
    marker: true,
    payloadType: 127,
    sequenceNumber: 65_535,
    timestamp: 0xffffffff,
    ssrc: 0xfffffffe,
    payload: Buffer.from('picture'),
  };
  const bytes = writeRtpPacket(packet);
  assert.deepEqual(parseRtpPacket(bytes), { ...packet, csrc: [], padding: 0 });
  for (let length = 0; length < 12; length++) {
    throws('GW_RTP_INVALID', () => parseRtpPacket(bytes.subarray(0, length)));
  }
  const { marker, payload } = parseRtpPacket(
    writeRtpPacket({ ...packet, marker: false, payload: new Uint8Array() }),
  );
  assert.deepEqual([marker, payload.length], [false, 0]);
  // Two contributing sources, an extension of one word and padding (RFC 3550 section 5.1).
  const rich = Buffer.from('b2e00001000000020000000300000004000000055544000111223344aabb0002', 'hex');
  rich.writeUInt16BE(0xbede, 20);
  assert.deepEqual(parseRtpPacket(rich), {
    marker: true,
    payloadType: 96,
    sequenceNumber: 1,
    timestamp: 2,
    ssrc: 3,
    csrc: [4, 5],
    extension: { profile: 0xbede, data: Buffer.from('11223344', 'hex') },
    payload: Buffer.from('aabb', 'hex'),
    padding: 2,
  });
  const next = random(4);
  for (let run = 0; run < 5_000; run++) {
    const noise = Buffer.from(
      Array.from({ length: Math.floor(next() * 60) }, () => Math.floor(next() * 256)),
    );
    orThrows('GW_RTP_INVALID', () => parseRtpPacket(noise));
  }
});

test('packets of libopus: what their framing says, their payloads, every truncation', () => {
  for (const [milliseconds, channels] of [
    [2.5, 2],
    [20, 2],
    [60, 1],
  ] as const) {
    const packets = opusPackets('-frame_duration', `${milliseconds}`, '-ac', `${channels}`);
    assert.ok(packets.length >= 1_000 / milliseconds);
    const packetizer = new OpusPacketizer();
    for (const [index, packet] of packets.entries()) {
      const info = parseOpusPacket(packet);
      assert.equal(info.samples, milliseconds * 48);
      assert.deepEqual([info.mode, info.stereo, info.dtx], ['celt', channels === 2, false]);
      const payload = packetizer.packetize(packet);
      assert.deepEqual(payload, { payload: packet, marker: index === 0, samples: info.samples });
    }
    const packet = packets[3] ?? Buffer.alloc(0);
    for (let length = 0; length < packet.length; length++) {
      orThrows('GW_OPUS_INVALID', () => parseOpusPacket(packet.subarray(0, length)));
    }
  }
});

test('speech is SILK; broken framing is GW_OPUS_INVALID and the packetizer goes on', () => {
  const [speech] = opusPackets('-application', 'voip', '-b:a', '12k', '-ac', '1');
  assert.ok(speech && parseOpusPacket(speech).mode !== 'celt');
  const packetizer = new OpusPacketizer();
  for (const bad of ['', 'fb', 'fb00', 'fb3f', 'fa', 'fa05aa', 'f9aabbcc', 'fb8205']) {
    throws('GW_OPUS_INVALID', () => parseOpusPacket(Buffer.from(bad, 'hex')));
    throws('GW_OPUS_INVALID', () => packetizer.packetize(Buffer.from(bad, 'hex')));
  }
  assert.throws(
    () => parseOpusPacket(Buffer.alloc(1_277, 0xf8)),
    /GW_OPUS_INVALID: Opus frame of 1276 bytes/,
  );
  assert.deepEqual(packetizer.packetize(speech).marker, true);
  assert.deepEqual(parseOpusPacket(Buffer.from([0xf8])).dtx, true);
  const next = random(5);
  for (let run = 0; run < 5_000; run++) {
    const noise = Buffer.from(
      Array.from({ length: Math.floor(next() * 20) }, () => Math.floor(next() * 256)),
    );
    const info = orThrows('GW_OPUS_INVALID', () => parseOpusPacket(noise));
    assert.ok(!info || (info.samples >= 120 && info.samples <= 5_760));
  }
});
