/** H264Packetizer and H264Depacketizer over real access units: round trips, sizes, damage (RFC 6184). */
import assert from 'node:assert/strict';
import test from 'node:test';
import { annexBToAvcc, avccToAnnexB, H264Depacketizer, H264Packetizer } from '../../index.js';
import {
  assertCode,
  decodedFrames,
  FLV_FILES,
  fixture,
  orThrows,
  parameterSets,
  picture,
  random,
  videoOf,
} from './parts-fixtures.js';

const invalid = (error: unknown) => assertCode(error, 'GW_H264_INVALID');
const payloadType = (payload: Buffer) => payload.readUInt8(0) & 31;
const [FU_A, STAP_A] = [28, 24];

test('every access unit of every fixture survives, for payload sizes from the smallest to the largest', () => {
  for (const name of FLV_FILES) {
    const { record, units } = videoOf(name);
    const sets = parameterSets(record);
    for (const maxPayloadSize of [64, 65, 100, 1_000, 1_100, 65_000]) {
      const packetizer = new H264Packetizer({ maxPayloadSize });
      const depacketizer = new H264Depacketizer();
      for (const { payload, keyframe } of units) {
        const payloads = packetizer.packetize(payload, keyframe ? sets : null);
        assert.ok(payloads.every((packet) => packet.payload.length <= maxPayloadSize));
        assert.deepEqual(
          payloads.map(({ marker }) => marker),
          payloads.map((_, i) => i === payloads.length - 1),
        );
        for (const packet of payloads) depacketizer.push(packet.payload);
        const unit = depacketizer.finish();
        assert.equal(unit?.keyframe, keyframe);
        assert.deepEqual(picture(unit?.payload ?? Buffer.alloc(0)), picture(payload));
        assert.deepEqual(unit?.parameterSets, keyframe ? sets : undefined);
      }
    }
  }
});

test('FFmpeg decodes what came over RTP to the same pictures as before', () => {
  for (const name of FLV_FILES) {
    const { record, units } = videoOf(name);
    const sets = parameterSets(record);
    const [packetizer, depacketizer] = [new H264Packetizer({ maxPayloadSize: 200 }), new H264Depacketizer()];
    const received = units.map(({ payload, keyframe }) => {
      for (const packet of packetizer.packetize(payload, keyframe ? sets : null))
        depacketizer.push(packet.payload);
      return depacketizer.finish()?.payload ?? Buffer.alloc(0);
    });
    const frames = decodedFrames(sets, received);
    assert.equal(frames.length, units.length);
    assert.deepEqual(
      frames,
      decodedFrames(
        sets,
        units.map(({ payload }) => payload),
      ),
    );
  }
});

test('a keyframe starts with its parameter sets in one STAP-A, and its fragments are equally long', () => {
  const { record, units } = videoOf('baseline_aac.flv');
  const payloads = new H264Packetizer({ maxPayloadSize: 300 }).packetize(
    units[0]?.payload ?? Buffer.alloc(0),
    parameterSets(record),
  );
  assert.equal(payloadType(payloads[0]?.payload ?? Buffer.alloc(1)), STAP_A);
  const lengths = payloads
    // Those of the picture: the encoder's own message (SEI) is another NAL unit.
    .filter(({ payload }) => payloadType(payload) === FU_A && (payload.readUInt8(1) & 31) === 5)
    .map(({ payload }) => payload.length);
  assert.ok(lengths.length > 3);
  assert.ok(lengths.slice(0, -1).every((length) => length === lengths[0]));
});

test('mode 0 sends one NAL unit a packet and fragments nothing', () => {
  const { units } = videoOf('baseline_aac.flv');
  const packetizer = new H264Packetizer({ packetizationMode: 0, maxPayloadSize: 64 });
  for (const { payload } of units) {
    assert.deepEqual(
      packetizer.packetize(payload).map((packet) => packet.payload),
      picture(payload),
    );
  }
  const big = Buffer.alloc(4 + 65_001, 1);
  big.writeUInt32BE(65_001);
  big.writeUInt8(0x65, 4);
  assert.throws(() => packetizer.packetize(big), invalid);
});

test('lengths of 1 and 2 bytes, and byte streams', () => {
  const nal = Buffer.from([0x41, 1, 2, 3]);
  const packetizer = new H264Packetizer();
  for (const nalLengthSize of [1, 2, 4] as const) {
    const unit = Buffer.concat([Buffer.alloc(nalLengthSize), nal]);
    unit.writeUIntBE(nal.length, 0, nalLengthSize);
    assert.deepEqual(packetizer.packetize(unit, { nalLengthSize }), [{ payload: nal, marker: true }]);
    assert.deepEqual(avccToAnnexB(unit, nalLengthSize), Buffer.concat([Buffer.from([0, 0, 0, 1]), nal]));
  }
  const stream = fixture('baseline.h264');
  const avcc = annexBToAvcc(stream);
  assert.deepEqual(annexBToAvcc(avccToAnnexB(avcc)), avcc);
  assert.deepEqual([annexBToAvcc(Buffer.from('none')).length, annexBToAvcc(Buffer.alloc(0)).length], [0, 0]);
});

test('every truncation of an access unit is an error that says where, except between two NAL units', () => {
  const { units } = videoOf('baseline_aac.flv');
  const unit = units[0]?.payload ?? Buffer.alloc(0);
  const boundaries = new Set([0]);
  for (let at = 0; at < unit.length; boundaries.add(at)) at += 4 + unit.readUInt32BE(at);
  const packetizer = new H264Packetizer();
  for (let length = 0; length <= unit.length; length++) {
    const cut = unit.subarray(0, length);
    if (boundaries.has(length)) {
      packetizer.packetize(cut);
      continue;
    }
    assert.throws(() => packetizer.packetize(cut), invalid, `first ${length} bytes`);
    assert.throws(() => avccToAnnexB(cut), /^Error: GW_H264_INVALID: .*byte \d+/, `first ${length} bytes`);
  }
});

test('every truncated and every missing payload is an access unit or GW_H264_INVALID, and the next one is whole', () => {
  const { record, units } = videoOf('baseline_aac.flv');
  const [first, second] = units;
  assert.ok(first && second);
  const packetizer = new H264Packetizer({ maxPayloadSize: 200 });
  const keyframe = packetizer.packetize(first.payload, parameterSets(record));
  const depacketizer = new H264Depacketizer();
  let damaged = 0;
  const deliver = (payloads: readonly Buffer[]) => {
    for (const payload of payloads) orThrows('GW_H264_INVALID', () => depacketizer.push(payload));
    if (orThrows('GW_H264_INVALID', () => depacketizer.finish()) === undefined) damaged += 1;
    for (const { payload } of packetizer.packetize(second.payload)) depacketizer.push(payload);
    assert.deepEqual(picture(depacketizer.finish()?.payload ?? Buffer.alloc(0)), picture(second.payload));
  };
  for (const [index, { payload }] of keyframe.entries()) {
    const others = keyframe.map((packet) => packet.payload);
    deliver(others.toSpliced(index, 1));
    for (let length = 0; length < payload.length; length += index < 2 ? 1 : 23) {
      deliver(others.with(index, payload.subarray(0, length)));
    }
  }
  assert.ok(damaged > 10, `${damaged}`);
});

test('random payloads are access units or GW_H264_INVALID', () => {
  const next = random(3);
  const depacketizer = new H264Depacketizer();
  for (let run = 0; run < 5_000; run++) {
    const noise = Buffer.from(
      Array.from({ length: Math.floor(next() * 40) }, () => Math.floor(next() * 256)),
    );
    orThrows('GW_H264_INVALID', () => depacketizer.push(noise));
    if (next() < 0.2) orThrows('GW_H264_INVALID', () => depacketizer.finish());
  }
});

test('a fragment without its start, without its end, and an access unit without end', () => {
  const depacketizer = new H264Depacketizer();
  assert.throws(() => depacketizer.push(Buffer.from([0x7c, 0x05, 1])), invalid);
  assert.throws(() => depacketizer.push(Buffer.from([0x41, 1])), invalid, 'damaged until finish()');
  assert.throws(() => depacketizer.finish(), invalid);
  depacketizer.push(Buffer.from([0x7c, 0x85, 1]));
  assert.throws(() => depacketizer.finish(), invalid);
  assert.equal(depacketizer.finish(), null);
  const piece = Buffer.alloc(60_000, 0x41);
  assert.throws(() => {
    for (let i = 0; i < 200; i++) depacketizer.push(piece);
  }, invalid);
});

test('parameter sets from a session description count as seen; bad ones are refused as a whole', () => {
  const { record, units } = videoOf('baseline_aac.flv');
  const sets = parameterSets(record);
  const depacketizer = new H264Depacketizer();
  assert.throws(() => depacketizer.setParameterSets([...sets.sps, Buffer.from([0x67])], sets.pps), invalid);
  const show = () => {
    for (const { payload } of new H264Packetizer().packetize(units[0]?.payload ?? Buffer.alloc(0))) {
      // Parameter sets inside the access unit would be seen.
      if (payloadType(payload) !== STAP_A) depacketizer.push(payload);
    }
    return depacketizer.finish()?.parameterSets;
  };
  assert.equal(show(), undefined);
  depacketizer.setParameterSets(sets.sps, sets.pps);
  assert.deepEqual(show(), sets);
});
