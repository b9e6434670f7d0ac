/** Answers 405 with Allow where a path exists and the method does not (RFC 9110, 15.5.6); fastify alone says 404. */
import type { FastifyInstance, HTTPMethods } from 'fastify';
import { GatewayError } from '../../errors.js';
import { sendProblem } from './errors.js';

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Starts to watch which routes are added; call the result after the last one. */
export function watchMethods(app: FastifyInstance): () => void {
  const methodsByUrl = new Map<string, Set<string>>();
  let watching = true;
  app.addHook('onRoute', ({ url, method }) => {
    if (!watching) return;
    const methods = methodsByUrl.get(url) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    methodsByUrl.set(url, methods);
  });
  return () => {
    watching = false;
    for (const [url, methods] of methodsByUrl) {
      const missing = METHODS.filter((method) => !methods.has(method));
      const allow = [...methods].join(', ');
      if (missing.length === 0 || url.includes('*')) continue;
      app.route({
        method: missing,
        url,
        schema: { hide: true },
        // Before the body is parsed: its content type does not matter here.
        onRequest: async (request, reply) => {
          reply.header('Allow', allow);
          const detail = `${request.method} is not allowed here; allowed: ${allow}`;
          return sendProblem(reply, new GatewayError('GW_METHOD_NOT_ALLOWED', detail));
        },
        handler: async () => undefined,
      });
    }
  };
}
