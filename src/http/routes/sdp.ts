/** What WHEP and WHIP have in common (RFC 9725; draft-ietf-wish-whep): bodies, entity tags, session resources. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { GatewayError } from '../../errors.js';
import { RoomName, StreamName } from '../schemas/common.js';

export const SDP_TYPE = 'application/sdp';
export const FRAGMENT_TYPE = 'application/trickle-ice-sdpfrag';

/** Offers are a few KiB; more is an attack on the parser. */
export const MAX_SDP_BYTES = 64 * 1024;
/** Longest `?wait=`: below the timeouts of proxies, and what the engine allows. */
export const MAX_WAIT_SECONDS = 30;

export const WaitQuery = Type.Object({
  wait: Type.Number({
    minimum: 0,
    maximum: MAX_WAIT_SECONDS,
    default: 0,
    description: 'Seconds to wait for the stream to be published',
  }),
});

export const SessionParams = Type.Object({
  room: RoomName,
  name: StreamName,
  session: Type.String({ pattern: '^[A-Za-z0-9_-]{1,128}$', description: 'Session id, from Location' }),
});

export const SdpBody = Type.String({ description: 'SDP' });

/** Accepts SDP and nothing else in the scope of `app`; a missing content type is refused as well. */
export function acceptSdpOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const options = { parseAs: 'string' as const, bodyLimit: MAX_SDP_BYTES };
  app.addContentTypeParser([SDP_TYPE, FRAGMENT_TYPE], options, (_request, body, done) => done(null, body));
}

/** The body, if it came with the content type that the route wants. */
export function bodyOf(request: Pick<FastifyRequest, 'headers' | 'body'>, wanted: string): string {
  const header: unknown = request.headers['content-type'];
  const [type = ''] = (typeof header === 'string' ? header : '').split(';');
  if (type.trim().toLowerCase() !== wanted) {
    const given = type ? `not ${type.trim().slice(0, 80)}` : 'and there is none';
    throw new GatewayError('GW_UNSUPPORTED_MEDIA_TYPE', `the content type must be ${wanted}, ${given}`);
  }
  if (typeof request.body !== 'string' || request.body.trim() === '') {
    throw new GatewayError('GW_SDP_INVALID', 'the body is empty');
  }
  return request.body;
}

/** The engine's entity tag as a header value. */
export function quoteEtag(etag: string): string {
  return etag.startsWith('"') ? etag : `"${etag}"`;
}

/** If-Match as the engine wants it: `*` or the tag without quotes. */
export function ifMatchOf(header: string | undefined): string {
  if (header === undefined) {
    throw new GatewayError('GW_PRECONDITION_REQUIRED', 'PATCH needs If-Match');
  }
  const value = header.trim();
  return value === '*' ? value : value.replace(/^W\//, '').replace(/^"(.*)"$/, '$1');
}

export interface Answer {
  sessionId: string;
  answer: string;
  etag: string;
}

export function sendAnswer(reply: FastifyReply, sessionPath: string, { answer, etag }: Answer): FastifyReply {
  return reply
    .code(201)
    .headers({ Location: sessionPath, ETag: quoteEtag(etag), 'Accept-Patch': FRAGMENT_TYPE })
    .type(SDP_TYPE)
    .send(answer);
}

export function sendPatched(reply: FastifyReply, patched: { answer?: string; etag: string }): FastifyReply {
  reply.header('ETag', quoteEtag(patched.etag));
  if (patched.answer === undefined) return reply.code(204).send();
  return reply.code(200).type(FRAGMENT_TYPE).send(patched.answer);
}
