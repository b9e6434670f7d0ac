/** GET /flv/ROOM/NAME.flv: where HTTP-FLV is served. Media never enters JavaScript: the engine has a port of its own. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { GatewayError } from '../../errors.js';
import { NAME_PATTERN } from '../../names.js';
import { installCors } from '../plugins/cors.js';
import { problems, RoomName } from '../schemas/common.js';
import type { Services } from '../services.js';

const FlvParams = Type.Object({
  room: RoomName,
  file: Type.String({
    pattern: NAME_PATTERN.replace(/\$$/, '\\.flv$'),
    description: 'Stream name, followed by .flv',
  }),
});

export const flvRoutes: FastifyPluginAsyncTypebox<Services> = async (app, { engine }) => {
  installCors(app);

  app.get(
    '/:room/:file',
    {
      schema: {
        summary: 'Watch a stream as FLV over HTTP: redirects to the port that serves it',
        tags: ['flv'],
        params: FlvParams,
        response: {
          307: Type.Null({ description: 'Location has the URL of the stream' }),
          ...problems(400, 404),
        },
      },
    },
    async ({ hostname, url }, reply) => {
      const { flv } = engine.addresses();
      if (!flv) throw new GatewayError('GW_ROUTE_NOT_FOUND', 'HTTP-FLV is not served');
      return reply.redirect(`http://${hostname}:${flv.port}${url}`, 307);
    },
  );
};
