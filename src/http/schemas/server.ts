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
  shards: Type.Array(
    Type.Object({
      shard: Type.Integer({ minimum: 0 }),
      lagMs: Type.Number({ minimum: 0, description: 'How late the last heartbeat of the shard was' }),
      connections: Type.Integer({ minimum: 0 }),
      streams: Type.Integer({ minimum: 0 }),
    }),
  ),
});

const Address = Type.Object({ host: Type.String(), port: Type.Integer() });

export const ServerSchema = Type.Object({
  version: Type.String(),
  startedAt: Type.String({ format: 'date-time' }),
  rtmp: Address,
  webrtc: Type.Array(Address, { description: 'UDP, one per shard' }),
});
