/** A WHEP client (draft-ietf-wish-whep): watches a stream. */
import { HttpSession } from './http-session.js';

/** How long the gateway may wait for the stream to be published; its limit is 30 s. */
const WAIT_SECONDS = 25;

export class WhepSession extends HttpSession {
  /**
   * @param {string} url
   * @param {(track: MediaStreamTrack) => void} onTrack
   * @param {() => void} onLost
   */
  constructor(url, onTrack, onLost) {
    super(url, onLost);
    this.connection.addEventListener('track', ({ track }) => onTrack(track));
  }

  async start() {
    this.connection.addTransceiver('video', { direction: 'recvonly' });
    this.connection.addTransceiver('audio', { direction: 'recvonly' });
    await this.negotiate(`?wait=${WAIT_SECONDS}`);
  }
}
