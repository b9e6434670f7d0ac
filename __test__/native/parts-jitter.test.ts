/** VideoJitterBuffer and AudioJitterBuffer in virtual time: order, loss, deadlines, keyframe requests, any clock. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  AudioJitterBuffer,
  type AudioLoss,
  type AudioPacket,
  H264Packetizer,
  type JitterPacketInput,
  OpusPacketizer,
  type VideoFrame,
  VideoJitterBuffer,
} from '../../index.js';
import { opusPackets, parameterSets, picture, random, videoOf } from './parts-fixtures.js';

interface Arrival {
  atMs: number;
  packet: JitterPacketInput;
}

/** Real video as packets: each frame's arrive together, 40 ms after those before; the sequence number wraps on the way. */
function videoArrivals(name: string, startMs = 0): { arrivals: Arrival[]; pictures: Buffer[][] } {
  const { record, units } = videoOf(name);
  const packetizer = new H264Packetizer({ maxPayloadSize: 200 });
  let sequenceNumber = 65_500;
  const arrivals = units.flatMap(({ payload, keyframe, timestamp, compositionTime }, index) =>
    packetizer.packetize(payload, keyframe ? parameterSets(record) : null).map((packet) => {
      sequenceNumber = (sequenceNumber + 1) & 0xffff;
      // The timestamp wraps as well.
      const ticks = (0xfffff000 + (timestamp + compositionTime) * 90) >>> 0;
      return { atMs: startMs + index * 40, packet: { ...packet, sequenceNumber, timestamp: ticks } };
    }),
  );
  return { arrivals, pictures: units.map(({ payload }) => picture(payload)) };
}

/** Plays arrivals in virtual time, polling after each packet and at every deadline. */
function play(
  buffer: VideoJitterBuffer,
  arrivals: readonly Arrival[],
): { frames: VideoFrame[]; requests: number[] } {
  const [frames, requests]: [VideoFrame[], number[]] = [[], []];
  const poll = (nowMs: number) => {
    for (let frame = buffer.pollFrame(nowMs); frame; frame = buffer.pollFrame(nowMs)) frames.push(frame);
    if (buffer.pollKeyframeRequest(nowMs)) requests.push(nowMs);
  };
  const end = (arrivals.at(-1)?.atMs ?? 0) + 1_000;
  const due = (untilMs: number) => {
    for (let turn = 0; turn < 10_000; turn++) {
      const at = buffer.timeoutMs;
      if (at === null || at > untilMs) return;
      poll(at);
    }
    assert.fail(`a deadline of ${buffer.timeoutMs} that polling does not move`);
  };
  for (const { atMs, packet } of arrivals) {
    due(atMs);
    buffer.handlePacket(atMs, packet);
    poll(atMs);
  }
  due(end);
  return { frames, requests };
}

for (const startMs of [0, 0.25, performance.now(), Date.now(), -1_000]) {
  test(`every frame comes out whole and in order, on a clock that starts at ${Math.round(startMs)}`, () => {
    const { arrivals, pictures } = videoArrivals('pyramid_ref4.flv', startMs);
    const buffer = new VideoJitterBuffer();
    const { frames, requests } = play(buffer, arrivals);
    assert.deepEqual(
      frames.map(({ payload }) => picture(payload)),
      pictures,
    );
    assert.deepEqual(requests, []);
    assert.deepEqual(
      frames.map(({ keyframe, parameterSets: sets }) => [keyframe, sets !== undefined]),
      frames.map((_, i) => [i === 0 || i === 25, i === 0 || i === 25]),
    );
    const statistics = buffer.statistics();
    assert.deepEqual([statistics.frames, statistics.keyframes, statistics.packets.lost], [50, 2, 0]);
    assert.equal(statistics.packets.received, arrivals.length);
    assert.ok(frames.every((frame) => frame.firstArrivalMs <= frame.lastArrivalMs));
    assert.ok(Math.abs((frames[10]?.firstArrivalMs ?? 0) - (startMs + 400)) < 0.01);
    assert.equal(buffer.waitingForKeyframe, false);
  });
}

test('reordered and doubled packets change nothing', () => {
  const { arrivals, pictures } = videoArrivals('bframes.flv');
  const next = random(6);
  const jittered = arrivals
    .flatMap((arrival) => (next() < 0.1 ? [arrival, arrival] : [arrival]))
    .map((arrival) => ({ ...arrival, atMs: arrival.atMs + next() * 60 }))
    .sort((a, b) => a.atMs - b.atMs);
  const buffer = new VideoJitterBuffer();
  const { frames } = play(buffer, jittered);
  assert.deepEqual(
    frames.map(({ payload }) => picture(payload)),
    pictures,
  );
  assert.ok(buffer.statistics().packets.duplicates > 0);
});

test('a lost packet costs the frames up to the next keyframe, which is asked for', () => {
  const { arrivals, pictures } = videoArrivals('baseline_aac.flv');
  const second = videoArrivals('pyramid_ref4.flv');
  assert.ok(second.arrivals.length > 0);
  const lost = arrivals.findIndex(({ atMs }) => atMs === 200);
  const buffer = new VideoJitterBuffer({ maxLatencyMs: 100 });
  const { frames, requests } = play(buffer, arrivals.toSpliced(lost, 1));
  assert.equal(frames.length, 5);
  assert.deepEqual(
    frames.map(({ payload }) => picture(payload)),
    pictures.slice(0, 5),
  );
  assert.equal(buffer.waitingForKeyframe, true);
  assert.ok(requests.length >= 2, `${requests}`);
  assert.ok((requests[0] ?? 0) >= 200 && (requests[0] ?? 0) <= 340, `${requests}`);
  for (const [i, at] of requests.slice(1).entries()) assert.ok(at - (requests[i] ?? 0) >= 500);
  assert.equal(buffer.statistics().packets.lost, 1);
});

test('parameter sets from the session description are enough; a wish for a keyframe is granted once in 500 ms', () => {
  const { record, units } = videoOf('baseline_aac.flv');
  const { sps, pps } = parameterSets(record);
  const buffer = new VideoJitterBuffer();
  buffer.setParameterSets(sps, pps);
  const slices = picture(units[0]?.payload ?? Buffer.alloc(0)).filter((nal) => (nal.readUInt8(0) & 31) === 5);
  slices.forEach((payload, i) => {
    buffer.handlePacket(0, { sequenceNumber: i, timestamp: 0, marker: i === slices.length - 1, payload });
  });
  // Nothing has shown yet that this sender's markers can be trusted: it waits whether more comes.
  assert.equal(buffer.pollFrame(0), null);
  const frame = buffer.pollFrame(buffer.timeoutMs ?? 0);
  assert.deepEqual(frame?.parameterSets, { sps, pps });
  buffer.requestKeyframe(100);
  const granted = [100, 200, 599, 600, 601, 1_200].filter((nowMs) => buffer.pollKeyframeRequest(nowMs));
  assert.deepEqual(granted, [100, 600, 1_200]);
});

/** Real Opus as packets of 20 ms. */
function audioArrivals(): { arrivals: Arrival[]; packets: Buffer[] } {
  const packets = opusPackets('-frame_duration', '20');
  const packetizer = new OpusPacketizer();
  let timestamp = 0xfffff000;
  const arrivals = packets.map((packet, index) => {
    const { payload, marker, samples } = packetizer.packetize(packet);
    const arrival = {
      atMs: index * 20,
      packet: { sequenceNumber: (65_530 + index) & 0xffff, timestamp, marker, payload },
    };
    timestamp = (timestamp + samples) >>> 0;
    return arrival;
  });
  return { arrivals, packets };
}

function playAudio(buffer: AudioJitterBuffer, arrivals: readonly Arrival[]): (AudioPacket | AudioLoss)[] {
  const events: (AudioPacket | AudioLoss)[] = [];
  const poll = (nowMs: number) => {
    for (let event = buffer.pollAudio(nowMs); event; event = buffer.pollAudio(nowMs)) events.push(event);
  };
  for (const { atMs, packet } of arrivals) {
    const due = buffer.timeoutMs;
    if (due !== null && due < atMs) poll(due);
    buffer.handlePacket(atMs, packet);
    poll(atMs);
  }
  for (let due = buffer.timeoutMs; due !== null; due = buffer.timeoutMs) poll(due);
  return events;
}

test('audio: packets come out in order with an unbroken time line', () => {
  const { arrivals, packets } = audioArrivals();
  const next = random(7);
  const jittered = arrivals
    .map((a) => ({ ...a, atMs: a.atMs + next() * 50 }))
    .sort((a, b) => a.atMs - b.atMs);
  const buffer = new AudioJitterBuffer();
  const events = playAudio(buffer, jittered);
  assert.deepEqual(
    events.map((event) => (event.kind === 'packet' ? event.payload : event)),
    packets,
  );
  for (const [i, event] of events.entries()) assert.equal(event.timestamp, 0xfffff000 + i * 960);
  assert.ok(buffer.statistics().jitterMs > 0);
});

test('audio: a loss is reported with its place and length, then the packet behind it', () => {
  const { arrivals } = audioArrivals();
  const buffer = new AudioJitterBuffer({ maxLatencyMs: 60, retransmission: false });
  const events = playAudio(buffer, arrivals.toSpliced(10, 3));
  const loss = events[10];
  assert.deepEqual(loss, { kind: 'lost', timestamp: 0xfffff000 + 10 * 960, samples: 3 * 960, packets: 3 });
  const behind = events[11];
  assert.ok(
    behind?.kind === 'packet' && behind.timestamp === 0xfffff000 + 13 * 960 && behind.samples === 960,
  );
  assert.equal(events.length, arrivals.length - 3 + 1);
  assert.equal(buffer.statistics().lost, 3);
});

test('payloads that are no Opus and probes without payload never throw', () => {
  const { arrivals } = audioArrivals();
  const buffer = new AudioJitterBuffer();
  const damaged = arrivals.map((arrival, i) => {
    const payload = i === 5 ? Buffer.from([0xfb]) : i === 6 ? Buffer.alloc(0) : arrival.packet.payload;
    return { ...arrival, packet: { ...arrival.packet, payload } };
  });
  playAudio(buffer, damaged);
  assert.equal(buffer.statistics().broken, 1);
  const next = random(8);
  const video = new VideoJitterBuffer();
  for (let i = 0; i < 20_000; i++) {
    const payload = Buffer.from(
      Array.from({ length: Math.floor(next() * 6) }, () => Math.floor(next() * 256)),
    );
    const [sequenceNumber, timestamp] = [Math.floor(next() * 65_536), Math.floor(next() * 2 ** 32)];
    video.handlePacket(i, { sequenceNumber, timestamp, marker: next() < 0.5, payload });
    while (video.pollFrame(i));
    video.pollKeyframeRequest(i);
  }
  assert.equal(video.statistics().packets.received, 20_000);
});

test('time that runs back stands still', () => {
  const { arrivals, packets } = audioArrivals();
  const buffer = new AudioJitterBuffer();
  const back = arrivals.map((arrival) => ({ ...arrival, atMs: -arrival.atMs }));
  for (const { atMs, packet } of back) buffer.handlePacket(atMs, packet);
  const events = packets.map(() => buffer.pollAudio(Number.MIN_SAFE_INTEGER / 1_000)?.kind);
  assert.deepEqual(new Set(events), new Set(['packet']));
});
