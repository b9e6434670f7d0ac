/** RtmpChunkReader and RtmpChunkWriter against what real FFmpeg sent, in any fragments, damaged in every way. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { RtmpChunkReader, RtmpChunkWriter, type RtmpMessage } from '../../index.js';
import { assertCode, FLV_FILES, fixture, flvTags, orThrows, random, rtmpCapture } from './parts-fixtures.js';

const capture = rtmpCapture();

/** Feeds the bytes in pieces of the lengths that `next` gives. */
function read(bytes: Buffer, next: () => number): RtmpMessage[] {
  const reader = new RtmpChunkReader();
  const messages: RtmpMessage[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + next();
    messages.push(...reader.push(bytes.subarray(at, end)));
    at = end;
  }
  return messages;
}

const whole = read(capture, () => capture.length);

test('the messages of a real FFmpeg publishing are those of the file it published', () => {
  const names = whole
    .filter(({ typeId }) => typeId === 20)
    .map(({ body }) => body.toString('latin1', 3, 3 + body.readUInt16BE(1)));
  assert.deepEqual(names.slice(0, 5), ['connect', 'releaseStream', 'FCPublish', 'createStream', 'publish']);
  assert.ok(names.includes('deleteStream'));
  assert.ok(whole.some(({ typeId, body }) => typeId === 18 && body.includes('onMetaData')));
  const sent = flvTags(fixture('baseline_aac.flv'));
  for (const typeId of [8, 9]) {
    const media = (list: readonly { typeId: number; timestamp: number; body: Buffer }[]) =>
      list
        .filter((item) => item.typeId === typeId)
        // An end of sequence (AVC packet type 2) has no picture; FFmpeg leaves it out or sends its own.
        .filter(({ body }) => typeId === 8 || body[1] !== 2)
        .map(({ timestamp, body }) => `${timestamp} ${body.toString('base64')}`);
    assert.deepEqual(media(whole), media(sent));
  }
});

test('messages are the same for every size of the pieces', () => {
  for (let size = 1; size <= 300; size++)
    assert.deepEqual(
      read(capture, () => size),
      whole,
      `pieces of ${size}`,
    );
  const next = random(1);
  for (let run = 0; run < 50; run++) {
    assert.deepEqual(
      read(capture, () => 1 + Math.floor(next() * 2_000)),
      whole,
    );
  }
});

test('messages are the same for every split into two in the first 3,000 bytes', () => {
  for (let cut = 0; cut <= 3_000; cut++) {
    const sizes = [cut, capture.length];
    assert.deepEqual(
      read(capture, () => sizes.shift() ?? 1),
      whole,
      `cut at ${cut}`,
    );
  }
});

test('every truncation of the capture gives a part of its messages and holds the rest', () => {
  const reader = new RtmpChunkReader();
  let count = 0;
  for (const byte of capture) count += reader.push(Uint8Array.of(byte)).length;
  assert.equal(count, whole.length);
  assert.equal(reader.pendingBytes, 0);
  for (let length = 0; length <= capture.length; length += 7) {
    const messages = new RtmpChunkReader().push(capture.subarray(0, length));
    assert.deepEqual(messages, whole.slice(0, messages.length), `first ${length} bytes`);
  }
});

test('every changed byte gives messages or GW_RTMP_INVALID, and the error stays', () => {
  let failed = 0;
  for (let at = 0; at < capture.length; at += at < 1_000 ? 1 : 37) {
    for (const change of [0x01, 0x80, 0xff]) {
      const damaged = Buffer.from(capture);
      damaged.writeUInt8(damaged.readUInt8(at) ^ change, at);
      const reader = new RtmpChunkReader();
      if (orThrows('GW_RTMP_INVALID', () => reader.push(damaged))) continue;
      failed += 1;
      assert.throws(
        () => reader.push(Buffer.alloc(0)),
        (error) => assertCode(error, 'GW_RTMP_INVALID'),
      );
    }
  }
  assert.ok(failed > 20, `${failed}`);
});

test('random bytes give messages or GW_RTMP_INVALID', () => {
  const next = random(2);
  for (let run = 0; run < 500; run++) {
    const noise = Buffer.from(Array.from({ length: 400 }, () => Math.floor(next() * 256)));
    const reader = new RtmpChunkReader({ maxPendingBytes: 65_536 });
    orThrows('GW_RTMP_INVALID', () => reader.push(noise));
    assert.ok(reader.pendingBytes <= 65_536);
  }
});

test('what the writer writes, the reader reads: every fixture, chunk sizes and fragments', () => {
  for (const name of FLV_FILES) {
    const messages = flvTags(fixture(name)).map(({ typeId, timestamp, body }) => ({
      chunkStreamId: typeId === 8 ? 4 : 6,
      timestamp,
      typeId,
      messageStreamId: 1,
      body,
    }));
    for (const chunkSize of [1, 127, 128, 129, 4_096, 65_536, 16_777_215]) {
      const writer = new RtmpChunkWriter();
      const bytes = [writer.setChunkSize(chunkSize), ...messages.map((message) => writer.write(message))];
      assert.equal(writer.chunkSize, chunkSize);
      const reader = new RtmpChunkReader();
      const [control, ...got] = bytes.flatMap((piece) => reader.push(piece));
      assert.equal(reader.chunkSize, chunkSize);
      assert.deepEqual([control?.typeId, control?.body.readUInt32BE(0)], [1, chunkSize]);
      assert.deepEqual(got, messages);
      const fine = read(Buffer.concat(bytes), () => 1_000);
      assert.deepEqual(fine.slice(1), messages);
    }
  }
});

test('the extremes of every field survive: chunk stream ids of three widths, extended timestamps', () => {
  const writer = new RtmpChunkWriter();
  const reader = new RtmpChunkReader();
  for (const chunkStreamId of [2, 63, 64, 319, 320, 65_599]) {
    for (const timestamp of [0, 0xfffffe, 0xffffff, 0x1000000, 0xffffffff]) {
      const message = {
        chunkStreamId,
        timestamp,
        typeId: 9,
        messageStreamId: 0xffffffff,
        body: Buffer.alloc(300, 7),
      };
      assert.deepEqual(reader.push(writer.write(message)), [message]);
    }
  }
  const empty = { chunkStreamId: 5, timestamp: 0, typeId: 0, messageStreamId: 0, body: Buffer.alloc(0) };
  assert.deepEqual(reader.push(writer.write(empty)), [empty]);
});

test('a written Set Chunk Size takes effect behind itself; one that nobody accepts is refused', () => {
  const [writer, reader] = [new RtmpChunkWriter(), new RtmpChunkReader()];
  const control = (size: number) => {
    const body = Buffer.alloc(4);
    body.writeUInt32BE(size);
    return { chunkStreamId: 2, timestamp: 0, typeId: 1, messageStreamId: 0, body };
  };
  reader.push(writer.write(control(1_000)));
  assert.deepEqual([writer.chunkSize, reader.chunkSize], [1_000, 1_000]);
  for (const size of [0, 0x80000000]) {
    assert.throws(
      () => writer.write(control(size)),
      (error) => assertCode(error, 'GW_ARGUMENT_INVALID'),
    );
  }
  assert.equal(writer.chunkSize, 1_000);
  const forged = Buffer.concat([writer.write({ ...control(1), typeId: 9 })]);
  forged.writeUInt8(1, 7); // its type
  forged.writeUInt32BE(0, forged.length - 4);
  assert.throws(
    () => reader.push(forged),
    (error) => assertCode(error, 'GW_RTMP_INVALID'),
  );
});

test('an Abort forgets the unfinished message of its chunk stream', () => {
  const [writer, reader] = [new RtmpChunkWriter(), new RtmpChunkReader()];
  const body = Buffer.alloc(1_000, 1);
  const message = { chunkStreamId: 6, timestamp: 5, typeId: 9, messageStreamId: 1, body };
  reader.push(writer.write(message).subarray(0, 12 + 128));
  assert.ok(reader.pendingBytes >= 128);
  reader.push(
    writer.write({
      chunkStreamId: 2,
      timestamp: 0,
      typeId: 2,
      messageStreamId: 0,
      body: Buffer.from([0, 0, 0, 6]),
    }),
  );
  assert.equal(reader.pendingBytes, 0);
  assert.deepEqual(reader.push(writer.write(message)), [message]);
});

test('limits hold: message length, bytes of unfinished messages, chunk streams', () => {
  const header = (chunkStreamId: number, length: number) => {
    const bytes = Buffer.alloc(12);
    bytes.writeUInt8(chunkStreamId, 0);
    bytes.writeUIntBE(length, 4, 3);
    bytes.writeUInt8(9, 7);
    return bytes;
  };
  const invalid = (error: unknown) => assertCode(error, 'GW_RTMP_INVALID');
  assert.throws(() => new RtmpChunkReader({ maxMessageLength: 1_000 }).push(header(3, 1_001)), invalid);
  new RtmpChunkReader({ maxMessageLength: 1_000 }).push(header(3, 1_000));
  assert.throws(() => new RtmpChunkReader().push(header(3, 10 * 2 ** 20 + 1)), invalid);
  const pending = new RtmpChunkReader({ maxPendingBytes: 1_000 });
  const chunk = (id: number) => Buffer.concat([header(id, 5_000), Buffer.alloc(128)]);
  assert.throws(() => {
    for (let id = 3; id < 60; id++) pending.push(chunk(id));
  }, invalid);
  assert.ok(pending.pendingBytes <= 1_000);
  const streams = new RtmpChunkReader();
  assert.throws(() => {
    for (let id = 2; id < 2 + 65 && id < 64; id++) streams.push(header(id, 1));
    for (let id = 64; id < 80; id++) {
      streams.push(Buffer.concat([Buffer.from([0, id - 64]), header(0, 1).subarray(1)]));
    }
  }, invalid);
});

test('a message keeps its bytes when the input is reused', () => {
  const input = new RtmpChunkWriter().write({
    chunkStreamId: 4,
    timestamp: 1,
    typeId: 8,
    messageStreamId: 1,
    body: Buffer.from('sound'),
  });
  const [message] = new RtmpChunkReader().push(input);
  input.fill(0);
  assert.equal(message?.body.toString(), 'sound');
});
