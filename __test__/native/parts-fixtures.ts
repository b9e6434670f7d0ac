/** What the tests of the parts share: real encoders' output, a seeded random, and the one way in which bad input may fail. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { avccToAnnexB, parseAvcConfig } from '../../index.js';

const FIXTURES = new URL('../../crates/testkit/fixtures/', import.meta.url);

/** The FLV files that FFmpeg and x264 made: no B-frames with AAC, and three kinds of B-frames. */
export const FLV_FILES = ['baseline_aac.flv', 'bframes.flv', 'pyramid_ref1.flv', 'pyramid_ref4.flv'];

export const fixture = (name: string): Buffer => readFileSync(new URL(name, FIXTURES));

/** What FFmpeg sent behind the handshake when it published `baseline_aac.flv`. */
export const rtmpCapture = (): Buffer =>
  readFileSync(new URL('fixtures/ffmpeg-publish.rtmp', import.meta.url));

export interface FlvTag {
  /** 8 audio, 9 video, 18 script data. */
  typeId: number;
  /** Milliseconds. */
  timestamp: number;
  body: Buffer;
}

/** The tags of an FLV file (Adobe FLV 10.1 annex E.4). */
export function flvTags(file: Buffer): FlvTag[] {
  const tags: FlvTag[] = [];
  for (let at = 9 + 4; at + 11 <= file.length; ) {
    const length = file.readUIntBE(at + 1, 3);
    const timestamp = file.readUIntBE(at + 4, 3) + file.readUInt8(at + 7) * 2 ** 24;
    tags.push({ typeId: file.readUInt8(at), timestamp, body: file.subarray(at + 11, at + 11 + length) });
    at += 11 + length + 4;
  }
  return tags;
}

export interface AccessUnit {
  /** Decode time in milliseconds. */
  timestamp: number;
  /** What presentation is behind decoding, in milliseconds. */
  compositionTime: number;
  keyframe: boolean;
  payload: Buffer;
}

/** The H.264 configuration and access units of an FLV file. */
export function videoOf(name: string): { record: Buffer; units: AccessUnit[] } {
  const tags = flvTags(fixture(name)).filter(({ typeId }) => typeId === 9);
  const record = tags.find(({ body }) => body[1] === 0)?.body.subarray(5) ?? Buffer.alloc(0);
  const units = tags
    .filter(({ body }) => body[1] === 1)
    .map(({ timestamp, body }) => ({
      timestamp,
      compositionTime: body.readIntBE(2, 3),
      keyframe: body.readUInt8(0) >> 4 === 1,
      payload: body.subarray(5),
    }));
  return { record, units };
}

export const parameterSets = (record: Buffer) => {
  const { sps, pps } = parseAvcConfig(record);
  return { sps, pps };
};

/** The NAL units of an AVCC access unit, without those that RTP does not carry as they are: parameter sets, delimiters. */
export function picture(accessUnit: Buffer): Buffer[] {
  const nals: Buffer[] = [];
  for (let at = 0; at < accessUnit.length; ) {
    const end = at + 4 + accessUnit.readUInt32BE(at);
    nals.push(accessUnit.subarray(at + 4, end));
    at = end;
  }
  return nals.filter((nal) => ![7, 8, 9, 12].includes((nal[0] ?? 0) & 31));
}

/** Frames that FFmpeg decodes from access units, in display order; it must not complain. */
export function decodedFrames(sets: { sps: Buffer[]; pps: Buffer[] }, units: readonly Buffer[]): string[] {
  const start = Buffer.from([0, 0, 0, 1]);
  const headers = [...sets.sps, ...sets.pps].flatMap((set) => [start, set]);
  const input = Buffer.concat([...headers, ...units.map((unit) => avccToAnnexB(unit))]);
  const args = [
    '-nostdin',
    '-v',
    'warning',
    '-f',
    'h264',
    '-i',
    'pipe:0',
    '-fps_mode',
    'passthrough',
    '-f',
    'framemd5',
    '-',
  ];
  const { stdout, stderr, status } = spawnSync('ffmpeg', args, { input, encoding: 'utf8', timeout: 30_000 });
  assert.deepEqual([status, stderr], [0, '']);
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)?.trim() ?? '');
}

/** Opus packets that libopus made of a sine (RFC 7845: the packets of an Ogg file behind its two header packets). */
export function opusPackets(...options: string[]): Buffer[] {
  const tone = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:d=1'];
  const args = ['-nostdin', '-v', 'error', ...tone, '-c:a', 'libopus', ...options, '-f', 'ogg', '-'];
  const { stdout: ogg, status } = spawnSync('ffmpeg', args, { timeout: 30_000 });
  assert.equal(status, 0);
  const packets: Buffer[] = [];
  let open: Buffer[] = [];
  for (let page = 0; page < ogg.length; ) {
    const segments = ogg.subarray(page + 27, page + 27 + ogg.readUInt8(page + 26));
    let at = page + 27 + segments.length;
    for (const length of segments) {
      open.push(ogg.subarray(at, at + length));
      at += length;
      if (length < 255) {
        packets.push(Buffer.concat(open));
        open = [];
      }
    }
    page = at;
  }
  return packets.slice(2);
}

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs what may throw only this code, as `code` and in front of the message; the result, or undefined if it threw. */
export function orThrows<T>(code: string, run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    assertCode(error, code);
    return undefined;
  }
}

export function assertCode(error: unknown, code: string): true {
  assert.ok(error instanceof Error);
  assert.equal((error as Error & { code?: string }).code, code, error.message);
  assert.match(error.message, new RegExp(`^${code}: .`));
  return true;
}
