/** What WHEP and WHIP clients have in common (RFC 9725): the offer is posted, the answer applied, the session deleted. */
import { errorOf } from './api.js';

const DISCONNECTED_MS = 3_000;

/** One session; it is used once. */
export class HttpSession {
  /**
   * @param {string} url
   * @param {() => void} onLost the connection is gone and does not come back by itself
   */
  constructor(url, onLost) {
    this.url = url;
    this.connection = new RTCPeerConnection();
    /** @type {string | undefined} */
    this.location = undefined;
    this.abort = new AbortController();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.lostTimer = undefined;
    this.connection.addEventListener('connectionstatechange', () => {
      const { connectionState } = this.connection;
      clearTimeout(this.lostTimer);
      if (connectionState === 'failed' || connectionState === 'closed') onLost();
      // A short disconnection heals by itself; one that lasts is how a session ended by the gateway looks.
      if (connectionState === 'disconnected') this.lostTimer = setTimeout(onLost, DISCONNECTED_MS);
    });
  }

  /**
   * Resolves once the answer is applied; throws ApiError or what the browser says.
   *
   * @param {string} [query]
   */
  async negotiate(query = '') {
    // The gateway is ICE-lite and learns our addresses from our checks: no need to gather or trickle candidates.
    await this.connection.setLocalDescription();
    const response = await fetch(this.url + query, {
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
    clearTimeout(this.lostTimer);
    this.connection.close();
    if (this.location) {
      // `keepalive`: the page may be on its way out. A session that is gone already is fine.
      fetch(this.location, { method: 'DELETE', keepalive: true }).catch(() => undefined);
      this.location = undefined;
    }
  }
}
