/** A WHEP client (draft-ietf-wish-whep): offers to receive, posts the offer, takes the answer, deletes at the end. */
import { errorOf } from './api.js';

/** How long the gateway may wait for the stream to be published; its limit is 30 s. */
const WAIT_SECONDS = 25;

/** One session; it is used once. */
export class WhepSession {
  /**
   * @param {string} url
   * @param {(track: MediaStreamTrack) => void} onTrack
   * @param {() => void} onLost the connection is gone and does not come back by itself
   */
  constructor(url, onTrack, onLost) {
    this.url = url;
    this.connection = new RTCPeerConnection();
    /** @type {string | undefined} */
    this.location = undefined;
    this.abort = new AbortController();
    this.connection.addEventListener('track', ({ track }) => onTrack(track));
    this.connection.addEventListener('connectionstatechange', () => {
      if (this.connection.connectionState === 'failed') onLost();
    });
  }

  /** Resolves once the answer is applied; throws ApiError or what the browser says. */
  async start() {
    this.connection.addTransceiver('video', { direction: 'recvonly' });
    this.connection.addTransceiver('audio', { direction: 'recvonly' });
    // The gateway is ICE-lite and learns our addresses from our checks: no need to gather or trickle candidates.
    await this.connection.setLocalDescription();
    const response = await fetch(`${this.url}?wait=${WAIT_SECONDS}`, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp' },
      body: this.connection.localDescription?.sdp ?? '',
      signal: this.abort.signal,
    });
    if (!response.ok) throw await errorOf(response);
    const location = response.headers.get('location');
    if (location) this.location = new URL(location, this.url).href;
    await this.connection.setRemoteDescription({ type: 'answer', sdp: await response.text() });
  }

  /** Ends the session here and at the gateway; also while it starts. */
  close() {
    this.abort.abort();
    this.connection.close();
    if (this.location) {
      // `keepalive`: the page may be on its way out. A session that is gone already is fine.
      fetch(this.location, { method: 'DELETE', keepalive: true }).catch(() => undefined);
      this.location = undefined;
    }
  }
}
