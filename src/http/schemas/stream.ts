/** Streams as the API shows them. */
import Type, { type Static } from 'typebox';
import { splitStreamName } from '../../names.js';
import type { StreamSnapshot, VideoSnapshot } from '../../native.js';
import { RoomName, StreamName } from './common.js';

const Count = (description: string) => Type.Integer({ minimum: 0, description });
/** A publisher that has sent nothing for so long counts as stalled: well above any frame interval and audio pause. */
export const STALLED_AFTER_MS = 5_000;

const BitsPerSecond = Type.Number({ minimum: 0, description: 'Bits per second over the last seconds' });

export const VideoSchema = Type.Object({
  codec: Type.String({ description: 'H264, or the FourCC of a codec that only RTMP players get' }),
  profile: Type.Optional(Type.String({ description: 'H.264 profile' })),
  level: Type.Optional(Type.String({ description: 'H.264 level, such as 3.1' })),
  width: Type.Integer({ minimum: 0, description: 'Pixels, after cropping' }),
  height: Type.Integer({ minimum: 0, description: 'Pixels, after cropping' }),
  fps: Type.Optional(Type.Number({ minimum: 0, description: 'Frames per second over the last seconds' })),
  keyframes: Count('Keyframes since the start'),
  frames: Count('Frames since the start'),
  bytes: Count('Payload bytes since the start'),
  bitrate: BitsPerSecond,
});

export const AudioSchema = Type.Object({
  codec: Type.String({ description: 'AAC, Opus or the FourCC of another codec' }),
  sampleRate: Type.Integer({ minimum: 0, description: 'Hz' }),
  channels: Type.Integer({ minimum: 0 }),
  frames: Count('Frames since the start'),
  bytes: Count('Payload bytes since the start'),
  bitrate: BitsPerSecond,
});

export const StreamSchema = Type.Object({
  room: RoomName,
  name: StreamName,
  identity: Type.String({ description: 'Participant that the stream belongs to' }),
  source: Type.Enum(['camera', 'screen']),
  publishedAt: Type.String({ format: 'date-time' }),
  publisher: Type.Object({
    protocol: Type.Enum(['rtmp', 'webrtc']),
    connectionId: Type.Integer(),
    remoteAddress: Type.Optional(
      Type.String({ description: 'Absent while a WebRTC publisher has not connected' }),
    ),
  }),
  state: Type.Enum(['live', 'stalled'], {
    description: `stalled: the publisher is there but has sent no media for ${STALLED_AFTER_MS / 1000} s`,
  }),
  idleMs: Type.Number({ minimum: 0, description: "Milliseconds since the publisher's last frame or sound" }),
  skewMs: Type.Optional(
    Type.Number({
      description:
        'Milliseconds by which video is ahead of audio at the source, by its sender reports; WebRTC publishers only',
    }),
  ),
  webrtcVideo: Type.Optional(
    Type.Enum(['full', 'reduced', 'keyframes-only'], {
      description:
        'How much of the video WebRTC viewers get, while there are any: all of it, all but its B-frames, or keyframes ' +
        'alone. Browsers cannot take B-frames: unless it is full, set B-frames to 0 in the encoder.',
    }),
  ),
  video: Type.Optional(VideoSchema),
  audio: Type.Optional(AudioSchema),
  players: Count('RTMP players'),
  viewers: Count('WebRTC viewers'),
  rejectedFrames: Count('Frames of the publisher that could not be used'),
  droppedFrames: Count('Frames that slow players and viewers missed, all together'),
  shard: Type.Integer({ minimum: 0, description: 'Engine thread that carries the stream' }),
});

export type StreamResource = Static<typeof StreamSchema>;

/** H.264 Table A: profile_idc as people know it. */
const H264_PROFILES: Readonly<Record<number, string>> = {
  66: 'Baseline',
  77: 'Main',
  88: 'Extended',
  100: 'High',
  110: 'High 10',
  122: 'High 4:2:2',
  244: 'High 4:4:4 Predictive',
};

function videoResource({ profile, level, fps, ...video }: VideoSnapshot): Static<typeof VideoSchema> {
  return {
    ...video,
    ...(profile === undefined ? {} : { profile: H264_PROFILES[profile] ?? `profile_idc ${profile}` }),
    ...(level === undefined ? {} : { level: (level / 10).toFixed(1) }),
    ...(fps === undefined ? {} : { fps: Math.round(fps * 100) / 100 }),
    bitrate: Math.round(video.bitrate),
  };
}

export function streamResource(stream: StreamSnapshot): StreamResource {
  const { publishedAtMs, publisher, video, audio, rejectedUnits, droppedUnits, skewMs, idleMs, ...rest } =
    stream;
  const { kind: protocol, connectionId, remoteAddress } = publisher;
  return {
    ...rest,
    ...splitStreamName(stream.name),
    publishedAt: new Date(publishedAtMs).toISOString(),
    publisher: { protocol, connectionId, ...(remoteAddress === undefined ? {} : { remoteAddress }) },
    state: idleMs > STALLED_AFTER_MS ? 'stalled' : 'live',
    idleMs: Math.round(idleMs),
    ...(skewMs === undefined ? {} : { skewMs: Math.round(skewMs * 10) / 10 }),
    rejectedFrames: rejectedUnits,
    droppedFrames: droppedUnits,
    ...(video ? { video: videoResource(video) } : {}),
    ...(audio ? { audio: { ...audio, bitrate: Math.round(audio.bitrate) } } : {}),
  };
}

function byText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The order of lists: by room, then by name. */
export function byName(left: { room: string; name: string }, right: { room: string; name: string }): number {
  return byText(left.room, right.room) || byText(left.name, right.name);
}
