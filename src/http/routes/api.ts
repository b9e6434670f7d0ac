/** Read-only admin API: streams, rooms, connections, server. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { GatewayError } from '../../errors.js';
import { roomsOf } from '../../rooms/room.js';
import { PageOf, PageQuery, pageOf, problems, RoomParams, StreamParams } from '../schemas/common.js';
import { ConnectionSchema, connectionResource } from '../schemas/connection.js';
import { RoomSchema, roomResource } from '../schemas/room.js';
import { ServerSchema } from '../schemas/server.js';
import { byName, StreamSchema, streamResource } from '../schemas/stream.js';
import type { Services } from '../services.js';

export const apiRoutes: FastifyPluginAsyncTypebox<Services> = async (app, services) => {
  const { engine, version, startedAt } = services;

  app.get(
    '/streams',
    {
      schema: {
        summary: 'List live streams',
        tags: ['streams'],
        querystring: PageQuery,
        response: { 200: PageOf(StreamSchema), ...problems(400) },
      },
    },
    async ({ query }) => {
      const streams = await engine.streams();
      const page = pageOf(streams.sort(byName), query);
      return { ...page, items: page.items.map(streamResource) };
    },
  );

  app.get(
    '/streams/:room/:name',
    {
      schema: {
        summary: 'Show one live stream',
        tags: ['streams'],
        params: StreamParams,
        response: { 200: StreamSchema, ...problems(400, 404) },
      },
    },
    async ({ params: { room, name } }) => {
      const streams = await engine.streams();
      const stream = streams.find((candidate) => candidate.room === room && candidate.name === name);
      if (!stream) throw new GatewayError('GW_STREAM_NOT_FOUND', `${room}/${name} is not being published`);
      return streamResource(stream);
    },
  );

  app.get(
    '/rooms',
    {
      schema: {
        summary: 'List rooms',
        tags: ['rooms'],
        querystring: PageQuery,
        response: { 200: PageOf(RoomSchema), ...problems(400) },
      },
    },
    async ({ query }) => {
      const page = pageOf(roomsOf(await engine.streams()), query);
      return { ...page, items: page.items.map(roomResource) };
    },
  );

  app.get(
    '/rooms/:room',
    {
      schema: {
        summary: 'Show one room',
        tags: ['rooms'],
        params: RoomParams,
        response: { 200: RoomSchema, ...problems(400, 404) },
      },
    },
    async ({ params }) => {
      const room = roomsOf(await engine.streams()).find(({ name }) => name === params.room);
      if (!room) throw new GatewayError('GW_ROOM_NOT_FOUND', `nobody publishes in the room ${params.room}`);
      return roomResource(room);
    },
  );

  app.get(
    '/connections',
    {
      schema: {
        summary: 'List connections',
        tags: ['connections'],
        querystring: PageQuery,
        response: { 200: PageOf(ConnectionSchema), ...problems(400) },
      },
    },
    async ({ query }) => {
      const connections = await engine.connections();
      const page = pageOf(
        connections.sort((left, right) => left.id - right.id),
        query,
      );
      return { ...page, items: page.items.map(connectionResource) };
    },
  );

  app.get(
    '/server',
    {
      schema: {
        summary: 'Version and addresses of the gateway',
        tags: ['server'],
        response: { 200: ServerSchema },
      },
    },
    async () => ({ version, startedAt: startedAt.toISOString(), ...engine.addresses() }),
  );
};
