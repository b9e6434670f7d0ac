/** Session resources of WHEP and WHIP (RFC 9725, 4.2 to 4.5): OPTIONS, PATCH and DELETE are the same for both. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { GatewayError } from '../../errors.js';
import type { PatchAnswer } from '../../native.js';
import { optionsHeaders } from '../plugins/cors.js';
import { problems, StreamParams } from '../schemas/common.js';
import { bodyOf, FRAGMENT_TYPE, ifMatchOf, SDP_TYPE, SdpBody, SessionParams, sendPatched } from './sdp.js';

export interface SessionRoutesOptions {
  /** Groups the routes in the documentation. */
  tag: 'whep' | 'whip';
  patch(session: string, fragment: string, ifMatch: string): Promise<PatchAnswer>;
  /** False when there is no such session. */
  close(session: string): Promise<boolean>;
}

export const sessionRoutes: FastifyPluginAsyncTypebox<SessionRoutesOptions> = async (app, options) => {
  const tags = [options.tag];

  app.options('/:room/:name', { schema: { hide: true, params: StreamParams } }, async (_request, reply) =>
    reply
      .code(204)
      .headers({ ...optionsHeaders('POST, OPTIONS'), 'Accept-Post': SDP_TYPE })
      .send(),
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

  app.patch(
    '/:room/:name/:session',
    {
      schema: {
        summary: 'Trickle ICE candidates (204) or restart ICE (200)',
        tags,
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
      return sendPatched(reply, await options.patch(request.params.session, fragment, ifMatch));
    },
  );

  app.delete(
    '/:room/:name/:session',
    {
      schema: {
        summary: 'End the session',
        tags,
        params: SessionParams,
        response: {
          200: Type.Unsafe<undefined>({ description: 'The session has ended' }),
          ...problems(400, 404),
        },
      },
    },
    async (request, reply) => {
      if (!(await options.close(request.params.session))) {
        throw new GatewayError('GW_SESSION_NOT_FOUND', 'the session has ended or never was');
      }
      return reply.code(200).send(undefined);
    },
  );
};
