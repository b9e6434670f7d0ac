/** Every error leaves as RFC 9457 problem details with a GW_* code, whatever part of HTTP it came from. */
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type ErrorCode,
  errorTable,
  GatewayError,
  PROBLEM_CONTENT_TYPE,
  toGatewayError,
  toProblem,
} from '../../errors.js';
import { printable } from '../../escape.js';
import type { EventLog } from '../../log.js';

/** Codes of fastify for requests that are the client's fault. */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'GW_BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'GW_UNSUPPORTED_MEDIA_TYPE',
};

/** A validation error of the parameters room and name is about the name grammar; others name their place. */
function fromValidation(error: FastifyError): GatewayError {
  const first = error.validation?.[0];
  const field = first?.instancePath.slice(1) ?? '';
  if (error.validationContext === 'params') {
    if (field === 'session')
      return new GatewayError('GW_SESSION_NOT_FOUND', 'there is no session of that name');
    const advice = errorTable.GW_NAME_INVALID.advice;
    return new GatewayError(
      'GW_NAME_INVALID',
      `${field || 'the name'} does not match the grammar. ${advice}`,
    );
  }
  const place = [error.validationContext, field].filter(Boolean).join(' ');
  return new GatewayError('GW_REQUEST_INVALID', printable(`${place} ${first?.message ?? error.message}`));
}

function fromFastify(error: FastifyError): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error.validation) return fromValidation(error);
  const code = FASTIFY_CODES[error.code];
  if (code) return new GatewayError(code, printable(error.message), { cause: error });
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new GatewayError('GW_REQUEST_INVALID', printable(error.message), { cause: error });
  }
  return toGatewayError(error);
}

export function sendProblem(reply: FastifyReply, error: GatewayError): FastifyReply {
  const problem = toProblem(error);
  // Not through the route's response schema: any route can answer any problem.
  return reply.code(problem.status).type(PROBLEM_CONTENT_TYPE).serializer(JSON.stringify).send(problem);
}

export function installErrors(app: FastifyInstance, log: EventLog): void {
  app.setErrorHandler((error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const gatewayError = fromFastify(error);
    if (gatewayError.entry.status >= 500) {
      const cause = gatewayError.cause instanceof Error ? gatewayError.cause : gatewayError;
      // The route's pattern, never the URL: query strings may carry tokens.
      log.write('error', gatewayError.code, cause.message, {
        route: request.routeOptions.url,
        stack: cause.stack,
      });
    }
    return sendProblem(reply, gatewayError);
  });
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, new GatewayError('GW_ROUTE_NOT_FOUND', errorTable.GW_ROUTE_NOT_FOUND.title)),
  );
}

/** fastify's `frameworkErrors`: a path that cannot even be decoded. */
export function answerFrameworkError(
  error: FastifyError,
  _request: FastifyRequest,
  reply: FastifyReply,
): void {
  sendProblem(reply, new GatewayError('GW_REQUEST_INVALID', 'the path cannot be decoded', { cause: error }));
}

const PARSER_ANSWERS: Readonly<Record<string, { status: string; detail: string }>> = {
  HPE_HEADER_OVERFLOW: { status: '431 Request Header Fields Too Large', detail: 'the header is too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: '408 Request Timeout', detail: 'the request took too long to arrive' },
};

/** Answers what Node's HTTP parser refuses (it is no request yet, so fastify does not see it). */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, detail } = PARSER_ANSWERS[error.code ?? ''] ?? {
    status: '400 Bad Request',
    detail: 'this is not HTTP/1.1',
  };
  const problem = toProblem(new GatewayError('GW_REQUEST_INVALID', detail));
  const body = JSON.stringify({ ...problem, status: Number.parseInt(status, 10) });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: ${PROBLEM_CONTENT_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  );
}
