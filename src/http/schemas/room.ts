/** Rooms and participants as the API shows them. */
import Type, { type Static } from 'typebox';
import type { Room } from '../../rooms/room.js';
import { RoomName } from './common.js';
import { StreamSchema, streamResource } from './stream.js';

export const RoomSchema = Type.Object({
  name: RoomName,
  participantCount: Type.Integer({ minimum: 0 }),
  streamCount: Type.Integer({ minimum: 0 }),
  audienceCount: Type.Integer({ minimum: 0, description: 'RTMP players and WebRTC viewers of its streams' }),
  participants: Type.Array(Type.Object({ identity: Type.String(), streams: Type.Array(StreamSchema) })),
});

export function roomResource(room: Room): Static<typeof RoomSchema> {
  const participants = room.participants.map(({ identity, streams }) => ({
    identity,
    streams: [...streams.values()].map(streamResource),
  }));
  const streams = participants.flatMap((participant) => participant.streams);
  return {
    name: room.name,
    participantCount: participants.length,
    streamCount: streams.length,
    audienceCount: streams.reduce((sum, stream) => sum + stream.players + stream.viewers, 0),
    participants,
  };
}
