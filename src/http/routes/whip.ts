/** WHIP (RFC 9725): browsers and encoders publish a stream. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { requireAccess } from '../access.js';
import { installCors } from '../plugins/cors.js';
import { problems, StreamParams } from '../schemas/common.js';
import type { Services } from '../services.js';
import { acceptSdpOnly, bodyOf, SDP_TYPE, SdpBody, sendAnswer } from './sdp.js';
import { sessionRoutes } from './sessions.js';

export const whipRoutes: FastifyPluginAsyncTypebox<Services> = async (app, services) => {
  const { engine } = services;
  acceptSdpOnly(app);
  installCors(app);

  app.post(
    '/:room/:name',
    {
      schema: {
        summary: 'Publish a stream: SDP offer in, SDP answer out',
        tags: ['whip'],
        params: StreamParams,
        consumes: [SDP_TYPE],
        response: {
          201: { description: 'The SDP answer', content: { [SDP_TYPE]: { schema: SdpBody } } },
          ...problems(400, 403, 406, 409, 413, 415, 503),
        },
      },
    },
    async (request, reply) => {
      const { room, name } = request.params;
      const offer = bodyOf(request, SDP_TYPE);
      await requireAccess(services, request, { kind: 'publish', room, name });
      // Whether the name is taken is for the engine to say: it alone knows at that moment.
      const publisher = await engine.createPublisher({ room, name, offer, remoteAddress: request.ip });
      // A client that went away meanwhile will never delete its session.
      if (request.raw.socket.destroyed) await engine.closePublisher(publisher.sessionId);
      return sendAnswer(reply, `/whip/${room}/${name}/${publisher.sessionId}`, publisher);
    },
  );

  await app.register(sessionRoutes, {
    tag: 'whip',
    patch: (session, fragment, ifMatch) => engine.patchPublisher(session, fragment, ifMatch),
    close: (session) => engine.closePublisher(session),
  });
};
