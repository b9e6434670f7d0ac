/** WHEP (draft-ietf-wish-whep, sessions as in RFC 9725): browsers watch a stream. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { requireAccess } from '../access.js';
import { installCors } from '../plugins/cors.js';
import { problems, StreamParams } from '../schemas/common.js';
import type { Services } from '../services.js';
import { acceptSdpOnly, bodyOf, SDP_TYPE, SdpBody, sendAnswer, WaitQuery } from './sdp.js';
import { sessionRoutes } from './sessions.js';

export const whepRoutes: FastifyPluginAsyncTypebox<Services> = async (app, services) => {
  const { engine } = services;
  acceptSdpOnly(app);
  installCors(app);

  app.post(
    '/:room/:name',
    {
      schema: {
        summary: 'Watch a stream: SDP offer in, SDP answer out',
        tags: ['whep'],
        params: StreamParams,
        querystring: WaitQuery,
        consumes: [SDP_TYPE],
        response: {
          201: { description: 'The SDP answer', content: { [SDP_TYPE]: { schema: SdpBody } } },
          ...problems(400, 403, 404, 406, 413, 415, 503),
        },
      },
    },
    async (request, reply) => {
      const { room, name } = request.params;
      const offer = bodyOf(request, SDP_TYPE);
      await requireAccess(services, request, { kind: 'play', room, name });
      const waitMs = Math.round(request.query.wait * 1000);
      const viewer = await engine.createViewer({ room, name, offer, waitMs });
      // A client that went away while it waited will never delete its session.
      if (request.raw.socket.destroyed) await engine.closeViewer(viewer.sessionId);
      return sendAnswer(reply, `/whep/${room}/${name}/${viewer.sessionId}`, viewer);
    },
  );

  await app.register(sessionRoutes, {
    tag: 'whep',
    patch: (session, fragment, ifMatch) => engine.patchViewer(session, fragment, ifMatch),
    close: (session) => engine.closeViewer(session),
  });
};
