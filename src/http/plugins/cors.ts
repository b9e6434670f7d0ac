/**
 * CORS for the media doors (WHEP, WHIP) only: players embedded in pages of other origins need it.
 *
 * Any origin may ask, and never with credentials (no `Access-Control-Allow-Credentials`), so a page gains nothing
 * that its visitor could not reach without cookies. The API has no CORS at all: other origins cannot read it.
 */
import type { FastifyInstance } from 'fastify';

const EXPOSED = 'Location, ETag, Accept-Patch, Accept-Post, Link, Retry-After';
/** What the preflight of a session or an endpoint allows; Authorization for tokens. */
const ALLOWED_HEADERS = 'Content-Type, If-Match, Authorization';
/** Chromium caps it at two hours. */
const PREFLIGHT_SECONDS = '7200';

export function installCors(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('Access-Control-Allow-Origin', '*');
    reply.header('Access-Control-Expose-Headers', EXPOSED);
  });
}

/** The answer to OPTIONS, preflight or not. */
export function optionsHeaders(methods: string): Record<string, string> {
  return {
    Allow: methods,
    'Access-Control-Allow-Methods': methods,
    'Access-Control-Allow-Headers': ALLOWED_HEADERS,
    'Access-Control-Max-Age': PREFLIGHT_SECONDS,
  };
}
