/** Every error the gateway can answer with: one table of GW_* codes, mapped to RFC 9457 problem details. */

/** What one code means to a client (status, title) and to the person who has to solve it (advice). */
export interface ErrorEntry {
  /** HTTP status when the error is answered over HTTP. */
  readonly status: number;
  /** Short, the same for every occurrence (RFC 9457 `title`). */
  readonly title: string;
  /** What to do about it, as one sentence. */
  readonly advice: string;
}

export const errorTable = {
  GW_AAC_INVALID: {
    status: 400,
    title: 'The AAC configuration is invalid',
    advice: 'Give the AudioSpecificConfig of AAC, as the sequence header of RTMP and FLV has it.',
  },
  GW_ADDON_MISSING: {
    status: 500,
    title: 'The native addon cannot be loaded',
    advice: 'Run `npm run build` (needs Rust and a C compiler), or install the package for this platform.',
  },
  GW_ARGUMENT_INVALID: {
    status: 400,
    title: 'An argument is out of range',
    advice: 'Correct the argument that the message names; index.d.ts has the ranges.',
  },
  GW_BIND_FAILED: {
    status: 500,
    title: 'A UDP socket cannot be opened',
    advice: 'Choose an address of this machine with --host and ports that you may use.',
  },
  GW_BODY_TOO_LARGE: {
    status: 413,
    title: 'The request body is too large',
    advice: 'Send at most 64 KiB.',
  },
  GW_BUSY: {
    status: 503,
    title: 'The gateway is overloaded',
    advice: 'Try again later, or give it more shards or fewer streams.',
  },
  GW_CONFIG_INVALID: {
    status: 500,
    title: 'The configuration is invalid',
    advice: 'Correct the value that the message names; `rtmp-gateway --help` lists what is allowed.',
  },
  GW_CONFIG_UNREADABLE: {
    status: 500,
    title: 'The configuration file cannot be read',
    advice: 'Give --config a readable JSON file.',
  },
  GW_ETAG_MISMATCH: {
    status: 412,
    title: 'The ICE session has changed',
    advice: 'Use the ETag of the last answer in If-Match, or `*` to restart ICE.',
  },
  GW_FORBIDDEN: {
    status: 403,
    title: 'Not allowed',
    advice: 'Ask whoever runs the gateway for access to this stream.',
  },
  GW_H264_INVALID: {
    status: 400,
    title: 'The H.264 data is invalid',
    advice: 'Give the form of H.264 that the method names; the message has the byte offset.',
  },
  GW_HOOK_FAILED: {
    status: 500,
    title: 'A decision hook failed',
    advice: 'See the log; until it is mended, requests it should decide are refused.',
  },
  GW_INTERNAL: {
    status: 500,
    title: 'Internal error',
    advice: 'Not your fault; the log of the gateway says more.',
  },
  GW_LISTEN_FAILED: {
    status: 500,
    title: 'Cannot listen on the address',
    advice: 'Choose an address of this machine with --host and ports that you may use.',
  },
  GW_METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'The method is not allowed here',
    advice: 'Use a method that the Allow header names.',
  },
  GW_NAME_INVALID: {
    status: 400,
    title: 'The room or stream name is invalid',
    advice: 'Use 1 to 128 of the characters A-Z a-z 0-9 . _ ~ - and neither "." nor "..".',
  },
  GW_NO_COMMON_CODEC: {
    status: 406,
    title: 'No codec in common with the stream',
    advice: 'Offer H.264 for video and Opus for audio.',
  },
  GW_OPUS_INVALID: {
    status: 400,
    title: 'The Opus packet is invalid',
    advice: 'Give one whole Opus packet (RFC 6716), not an Ogg page.',
  },
  GW_PORT_IN_USE: {
    status: 500,
    title: 'A port is already in use',
    advice: 'Stop the other program, or choose another port (0 picks a free one).',
  },
  GW_PRECONDITION_REQUIRED: {
    status: 428,
    title: 'If-Match is required',
    advice: 'Send If-Match with the ETag of the session (trickle), or `*` (ICE restart).',
  },
  GW_REQUEST_INVALID: {
    status: 400,
    title: 'The request is invalid',
    advice: 'Correct the part that the detail names; /openapi.json describes every request.',
  },
  GW_ROOM_NOT_FOUND: {
    status: 404,
    title: 'No such room',
    advice: 'A room exists while a stream is published in it; GET /api/v1/rooms lists them.',
  },
  GW_ROUTE_NOT_FOUND: {
    status: 404,
    title: 'Nothing is served at this address',
    advice: '/openapi.json lists what is.',
  },
  GW_RTMP_INVALID: {
    status: 400,
    title: 'The RTMP chunk stream is invalid',
    advice: 'Close the connection: where the next chunk starts is lost.',
  },
  GW_RTP_INVALID: {
    status: 400,
    title: 'The RTP packet is invalid',
    advice: 'Drop the datagram; RTCP and STUN on the same port are to be sorted out before.',
  },
  GW_SDP_INSECURE: {
    status: 400,
    title: 'The SDP does not ask for encryption',
    advice: 'Offer DTLS-SRTP (UDP/TLS/RTP/SAVPF) with a fingerprint; plain RTP is refused.',
  },
  GW_SDP_INVALID: {
    status: 400,
    title: 'The SDP is invalid',
    advice: 'Send the SDP offer of an RTCPeerConnection (BUNDLE, rtcp-mux, DTLS fingerprint).',
  },
  GW_SESSION_NOT_FOUND: {
    status: 404,
    title: 'No such session',
    advice: 'It has ended or never was; start again with a POST.',
  },
  GW_START_FAILED: {
    status: 500,
    title: 'The engine cannot start',
    advice: 'The message names what the operating system refused; fewer --shards need fewer threads.',
  },
  GW_STOPPED: {
    status: 503,
    title: 'The gateway is stopping or stopped',
    advice: 'Try again once it has been started.',
  },
  GW_STREAM_NOT_FOUND: {
    status: 404,
    title: 'No such stream',
    advice: 'Publish it first, or wait for it with ?wait=SECONDS.',
  },
  GW_STREAM_TAKEN: {
    status: 409,
    title: 'The stream name is taken',
    advice: 'Choose another name, or stop the publisher that has it.',
  },
  GW_TOO_MANY_SESSIONS: {
    status: 503,
    title: 'Too many sessions',
    advice: 'Try again later.',
  },
  GW_UNCAUGHT: {
    status: 500,
    title: 'An error that nothing caught',
    advice: 'A bug of the gateway or of a hook: please report it with the log line.',
  },
  GW_UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: 'The content type is not supported',
    advice: 'Send application/sdp (POST) or application/trickle-ice-sdpfrag (PATCH).',
  },
  GW_UNSUPPORTED_VIDEO_CODEC: {
    status: 406,
    title: 'The video codec is not supported',
    advice: 'Offer H.264 video.',
  },
} as const satisfies Record<string, ErrorEntry>;

/** Codes of events in the log and of reasons why a connection ended; nobody is answered with them. */
export const eventTable = {
  GW_ACCEPT_FAILED: 'a socket could not be accepted; often the limit on open files (ulimit -n)',
  GW_B_FRAMES: 'a publisher makes B-frames, which browsers cannot take: set B-frames to 0 in the encoder',
  GW_DECISION_TIMEOUT: 'a publish or play request got no decision in time and was refused',
  GW_CONGESTION_FALLBACK: 'the kernel refuses the TCP congestion control that was asked for',
  GW_HANDOFF_FAILED: "a connection could not be moved to its room's shard",
  GW_LOGS_DROPPED: 'more log records came at once than are kept',
  GW_NO_RANDOMNESS: 'the operating system gave no random bytes',
  GW_PEER_CLOSED: 'the peer closed the connection',
  GW_PEER_TOO_SLOW: 'a peer took what it was sent too slowly for too long and was closed',
  GW_PLAY_DECIDED: 'a play request was accepted or refused',
  GW_PUBLISHER_REPLACED:
    'the same publisher came again and took the name over; its old connection was closed',
  GW_PUBLISH_DECIDED: 'a publish request was accepted or refused',
  GW_RTMP_CONNECTED: 'an RTMP client has connected',
  GW_SESSION_PANIC: 'a bug ended one session; please report it with the log lines around it',
  GW_STALE_DECISION: 'a decision came too late: the connection was gone or had been refused meanwhile',
  GW_REQUEST_TIMEOUT: 'an HTTP-FLV request did not arrive in time',
  GW_STREAM_ENDED: 'the stream that a player watched has ended',
  GW_TOO_MANY_ASKS: 'too many publish and play requests wait for a decision; this one was refused',
  GW_TOO_MANY_CONNECTIONS: 'the limit on connections is reached; a new one was closed',
  GW_TOO_MANY_STREAMS: 'a shard has as many streams as it may; another was refused',
  GW_WEBRTC_ENDED: 'a WebRTC session has ended',
} as const satisfies Record<string, string>;

/** A stable code of {@link errorTable}. */
export type ErrorCode = keyof typeof errorTable;

export const errorCodes = Object.keys(errorTable) as readonly ErrorCode[];

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorTable, value);
}

/** An error with a stable code; `message` says what was wrong this time, never a secret. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get entry(): ErrorEntry {
    return errorTable[this.code];
  }
}

const NATIVE_MESSAGE = /^(GW_[A-Z0-9_]+)(?:: )?([\s\S]*)$/;

/**
 * Makes a {@link GatewayError} of anything thrown. The addon throws `GW_CODE: text`; what has no known code
 * becomes GW_INTERNAL with the cause kept for the log only.
 */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  if (thrown instanceof Error) {
    const [, code, text] = NATIVE_MESSAGE.exec(thrown.message) ?? [];
    if (isErrorCode(code)) return new GatewayError(code, text || errorTable[code].title, { cause: thrown });
  }
  return new GatewayError('GW_INTERNAL', errorTable.GW_INTERNAL.title, { cause: thrown });
}

/** RFC 9457 problem details, with our stable `code` and the advice as extensions. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  advice: string;
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

export function toProblem(error: GatewayError): Problem {
  const { status, title, advice } = error.entry;
  return {
    type: `urn:rtmp-gateway:error:${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    advice,
  };
}
