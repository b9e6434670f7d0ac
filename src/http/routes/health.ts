/** GET /healthz: the process, its event loop, and a heartbeat of every shard. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { ShardHealth } from '../../native.js';
import { HealthSchema } from '../schemas/server.js';
import type { Services } from '../services.js';

/** An engine that has not answered by then counts as failing. */
const HEARTBEAT_TIMEOUT_MS = 1_000;

function withTimeout(health: Promise<ShardHealth[]>): Promise<ShardHealth[] | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), HEARTBEAT_TIMEOUT_MS);
    const settle = (shards?: ShardHealth[]) => {
      clearTimeout(timer);
      resolve(shards);
    };
    health.then(settle, () => settle());
  });
}

export const healthRoutes: FastifyPluginAsyncTypebox<Services> = async (app, services) => {
  const { engine, version, startedAt } = services;
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  app.addHook('onClose', async () => delay.disable());

  app.get(
    '/healthz',
    {
      schema: {
        summary: 'Health of the process and the engine',
        tags: ['server'],
        response: { 200: HealthSchema, 503: HealthSchema },
      },
    },
    async (_request, reply) => {
      const shards = await withTimeout(engine.health());
      const meanMs = Number.isNaN(delay.mean) ? 0 : delay.mean / 1e6;
      delay.reset();
      reply.code(shards ? 200 : 503);
      return {
        status: shards ? ('ok' as const) : ('failing' as const),
        version,
        uptimeSeconds: Math.max(0, Math.round((Date.now() - startedAt.getTime()) / 1000)),
        eventLoopLagMs: Math.round(meanMs * 100) / 100,
        panics: engine.panics,
        transcodingLosses: engine.transcodingLosses,
        shards: shards ?? [],
      };
    },
  );
};
