/** Health of the process, and where the gateway listens. */
import Type from 'typebox';

export const HealthSchema = Type.Object({
  status: Type.Enum(['ok', 'failing']),
  version: Type.String(),
  uptimeSeconds: Type.Number({ minimum: 0 }),
  eventLoopLagMs: Type.Number({
    minimum: 0,
    description: 'Mean delay of the event loop since the last look',
  }),
  panics: Type.Integer({ minimum: 0, description: 'Sessions that a bug of the engine ended' }),
  transcodingLosses: Type.Integer({
    minimum: 0,
    description: 'Audio frames that were not transcoded: queues were full, or a codec failed',
  }),
  shards: Type.Array(
    Type.Object({
      shard: Type.Integer({ minimum: 0 }),
      lagMs: Type.Number({ minimum: 0, description: 'How late the last heartbeat of the shard was' }),
      connections: Type.Integer({ minimum: 0 }),
      streams: Type.Integer({ minimum: 0 }),
      writes: Type.Integer({ minimum: 0, description: 'Writes to RTMP and FLV sockets' }),
      heldAudio: Type.Integer({
        minimum: 0,
        description: 'Audio frames that waited to share the write of the next video frame',
      }),
      expiredHolds: Type.Integer({
        minimum: 0,
        description: 'Times that audio left before a video frame came',
      }),
    }),
  ),
});

const Address = Type.Object({ host: Type.String(), port: Type.Integer() });

export const ServerSchema = Type.Object({
  version: Type.String(),
  startedAt: Type.String({ format: 'date-time' }),
  rtmp: Address,
  flv: Type.Optional(Address),
  tcpCongestion: Type.Optional(
    Type.String({ description: 'TCP congestion control of RTMP and FLV, as the kernel reports it' }),
  ),
  webrtc: Type.Array(Address, { description: 'UDP, one per shard' }),
});
