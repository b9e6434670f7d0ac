/** The web console at `/`: the files of `console/`, with the policy their scripts need. */
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync } from 'fastify';
import { PAGE_POLICY } from '../plugins/security.js';

/** The same path from src/ and dist/. */
const CONSOLE_DIRECTORY = fileURLToPath(new URL('../../../console/', import.meta.url));

export const consoleRoutes: FastifyPluginAsync = async (app) => {
  app.addHook('onSend', async (_request, reply, payload) => {
    reply.header('Content-Security-Policy', PAGE_POLICY);
    reply.header('Permissions-Policy', 'camera=(self), microphone=(self), display-capture=(self)');
    reply.header('Cross-Origin-Opener-Policy', 'same-origin');
    // Revalidated by ETag: an upgraded gateway must not be looked at through an old page.
    reply.header('Cache-Control', 'no-cache');
    return payload;
  });
  // One route per file: no wildcard, so nothing but these files can be asked for.
  await app.register(fastifyStatic, { root: CONSOLE_DIRECTORY, wildcard: false, dotfiles: 'ignore' });
};
