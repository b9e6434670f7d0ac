/** The gateway's API, as far as the console uses it; /openapi.json is the contract. */

/**
 * @typedef {{ codec: string, profile?: string, level?: string, width: number, height: number, fps?: number,
 *   frames: number, keyframes: number, bitrate: number }} Video
 * @typedef {{ codec: string, sampleRate: number, channels: number, bitrate: number }} Audio
 * @typedef {{ room: string, name: string, identity: string, source: 'camera' | 'screen', publishedAt: string,
 *   publisher: { protocol: 'rtmp' | 'webrtc', remoteAddress: string }, video?: Video, audio?: Audio,
 *   state: 'live' | 'stalled', idleMs: number, skewMs?: number, webrtcVideo?: 'full' | 'reduced' | 'keyframes-only',
 *   players: number, viewers: number, droppedFrames: number }} Stream
 * @typedef {{ host: string, port: number }} Address
 * @typedef {{ version: string, rtmp: Address, flv?: Address }} Server
 * @typedef {{ code: string, title: string, detail: string, advice: string }} Problem
 */

/** An answer that is an error, with the gateway's code. */
export class ApiError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {number} status
   */
  constructor(code, message, status) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/**
 * Makes an error of a problem document, or of an answer of something else between us and the gateway.
 *
 * @param {Response} response
 */
export async function errorOf(response) {
  try {
    const problem = /** @type {Problem} */ (await response.json());
    return new ApiError(problem.code, `${problem.title}: ${problem.detail}`, response.status);
  } catch {
    return new ApiError('', `the server answered ${response.status}`, response.status);
  }
}

/** @param {string} path */
async function get(path) {
  const response = await fetch(path, { headers: { accept: 'application/json' } });
  if (!response.ok) throw await errorOf(response);
  return response.json();
}

/** @returns {Promise<Stream[]>} */
export async function fetchStreams() {
  return (await get('/api/v1/streams?pageSize=1000')).items;
}

/** @returns {Promise<Server>} */
export async function fetchServer() {
  return get('/api/v1/server');
}
