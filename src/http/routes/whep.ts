/** WHEP (draft-ietf-wish-whep, sessions as in RFC 9725): browsers watch a stream. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { GatewayError } from '../../errors.js';
import { requireAccess } from '../access.js';
import { installCors, optionsHeaders } from '../plugins/cors.js';
import { problems, StreamParams } from '../schemas/common.js';
import type { Services } from '../services.js';
import {
  acceptSdpOnly,
  bodyOf,
  FRAGMENT_TYPE,
  ifMatchOf,
  SDP_TYPE,
  SdpBody,
  SessionParams,
  sendAnswer,
  sendPatched,
  WaitQuery,
} from './sdp.js';

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
      const viewer = await engine.createViewer({
        room,
        name,
        offer,
        waitMs: Math.round(request.query.wait * 1000),
      });
      // A client that went away while it waited will never delete its session.
      if (request.raw.socket.destroyed) await engine.closeViewer(viewer.sessionId);
      return sendAnswer(reply, `/whep/${room}/${name}/${viewer.sessionId}`, viewer);
    },
  );

  app.options('/:room/:name', { schema: { hide: true, params: StreamParams } }, async (_request, reply) =>
    reply
      .code(204)
      .headers({ ...optionsHeaders('POST, OPTIONS'), 'Accept-Post': SDP_TYPE })
      .send(),
  );

  app.patch(
    '/:room/:name/:session',
    {
      schema: {
        summary: 'Trickle ICE candidates (204) or restart ICE (200)',
        tags: ['whep'],
        params: SessionParams,
        headers: Type.Object({ 'if-match': Type.Optional(Type.String()) }),
        consumes: [FRAGMENT_TYPE],
        response: {
          200: { description: 'ICE restart: the answer', content: { [FRAGMENT_TYPE]: { schema: SdpBody } } },
          204: Type.Unsafe<undefined>({ description: 'Candidates taken' }),
          ...problems(400, 404, 412, 413, 415, 428),
        },
      },
    },
    async (request, reply) => {
      const fragment = bodyOf(request, FRAGMENT_TYPE);
      const ifMatch = ifMatchOf(request.headers['if-match']);
      return sendPatched(reply, await engine.patchViewer(request.params.session, fragment, ifMatch));
    },
  );

  app.delete(
    '/:room/:name/:session',
    {
      schema: {
        summary: 'Stop watching',
        tags: ['whep'],
        params: SessionParams,
        response: {
          200: Type.Unsafe<undefined>({ description: 'The session has ended' }),
          ...problems(400, 404),
        },
      },
    },
    async (request, reply) => {
      if (!(await engine.closeViewer(request.params.session))) {
        throw new GatewayError('GW_SESSION_NOT_FOUND', 'the session has ended or never was');
      }
      return reply.code(200).send(undefined);
    },
  );

  app.options(
    '/:room/:name/:session',
    { schema: { hide: true, params: SessionParams } },
    async (_request, reply) =>
      reply
        .code(204)
        .headers({ ...optionsHeaders('PATCH, DELETE, OPTIONS'), 'Accept-Patch': FRAGMENT_TYPE })
        .send(),
  );
};
