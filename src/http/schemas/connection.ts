/** Connections as the API shows them. */
import Type, { type Static } from 'typebox';
import type { ConnectionSnapshot } from '../../native.js';
import { RoomName, StreamName } from './common.js';

export const ConnectionSchema = Type.Object({
  id: Type.Integer(),
  protocol: Type.Enum(['rtmp', 'webrtc', 'flv']),
  state: Type.String({ description: 'Named state of the session' }),
  stateSinceMs: Type.Number({ minimum: 0, description: 'Milliseconds in that state' }),
  room: Type.Optional(RoomName),
  name: Type.Optional(StreamName),
  remoteAddress: Type.Optional(Type.String()),
  bytesIn: Type.Integer({ minimum: 0 }),
  bytesOut: Type.Integer({ minimum: 0 }),
  queuedBytes: Type.Integer({
    minimum: 0,
    description: 'Bytes that wait for the peer to take them (RTMP, FLV)',
  }),
  queuedMs: Type.Integer({ minimum: 0, description: 'Milliseconds of media that wait (RTMP, FLV)' }),
  shard: Type.Integer({ minimum: 0 }),
});

export function connectionResource(connection: ConnectionSnapshot): Static<typeof ConnectionSchema> {
  return connection;
}
